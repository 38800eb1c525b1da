{{ config(materialized='table') }}

with touches as (

    select
        touchpoint_id,
        occurred_at,
        channel,
        network,
        coalesce('customer:' || resolved_customer_hash, 'visitor:' || visitor_hash) as person,
        is_repeat
    from {{ ref('int_touchpoints__identified') }}
    union all
    select
        touchpoint_id,
        occurred_at,
        channel,
        network,
        'customer:' || resolved_customer_hash as person,
        false as is_repeat
    from {{ ref('int_touchpoints__claimed') }}

),

known as (

    select max(ordered_at) as newest_ordered_at from {{ ref('int_orders__keyed') }}

),

orders as (

    select 'customer:' || customer_hash as person, ordered_at
    from {{ ref('int_orders__keyed') }}
    where customer_hash is not null

),

vain as (

    select touchpoint_id, occurred_at, channel, network, person
    from touches as t
    where
        person is not null
        and {{ may_earn_credit('t') }}
        and not exists (
            select 1
            from orders as o
            where
                o.person = t.person
                and o.ordered_at >= t.occurred_at
                and o.ordered_at <= {{ lookback_ends('t.occurred_at', 't.channel') }}
        )

),

moments as (

    select touchpoint_id, occurred_at, channel, network, person, 0 as is_order
    from vain
    union all
    select cast(null as varchar), o.ordered_at, cast(null as varchar), cast(null as varchar), o.person, 1
    from orders as o
    where o.person in (select person from vain)

),

preceded as (

    select
        *,
        lag(occurred_at) over (partition by person order by occurred_at, is_order, touchpoint_id) as occurred_before,
        lag(is_order) over (partition by person order by occurred_at, is_order, touchpoint_id) as is_order_before
    from moments

),

-- An order between two touches, or a pause as long as the look-back, ends a journey.
numbered as (

    select
        *,
        sum(
            case
                when is_order_before = 0 and occurred_before >= {{ lookback_begins('occurred_at', 'channel') }} then 0
                else 1
            end
        ) over (
            partition by person
            order by occurred_at, is_order, touchpoint_id
            rows between unbounded preceding and current row
        ) as journey_number
    from preceded

),

journeys as (

    select
        person,
        journey_number,
        count(*) as touches,
        max(occurred_at) as ended_at,
        min(channel) as channel
    from numbered
    where is_order = 0
    group by person, journey_number

),

-- A journey that may still lead to an order has not ended. One of a single touch has nothing to be put in order.
lone as (

    select j.channel
    from journeys as j
    cross join known
    where j.touches = 1 and j.ended_at < {{ lookback_begins('known.newest_ordered_at', 'j.channel') }}

),

touched as (

    select
        n.person || ':' || cast(n.journey_number as varchar) as order_key,
        n.touchpoint_id,
        n.occurred_at as touched_at,
        n.channel,
        n.network
    from numbered as n
    inner join journeys as j on n.person = j.person and n.journey_number = j.journey_number
    cross join known
    where n.is_order = 0 and j.touches > 1 and j.ended_at < {{ lookback_begins('known.newest_ordered_at', 'n.channel') }}

),

{{ paths_of('touched') }}

select
    path,
    touch_count,
    cast(count(*) as bigint) as journeys
from (
    select channel as path, cast(1 as integer) as touch_count from lone
    union all
    select path, touch_count from ({{ channel_sequences('paths', 'order_key') }}) as sequences
) as ended
group by path, touch_count
