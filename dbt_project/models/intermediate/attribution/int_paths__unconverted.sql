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

    select t.touchpoint_id, t.occurred_at, t.channel, t.network, t.person
    from touches as t
    left join orders as o
        on
            t.person = o.person
            and o.ordered_at >= t.occurred_at
            and o.ordered_at <= {{ lookback_ends('t.occurred_at', 't.channel') }}
    where
        t.person is not null
        and {{ may_earn_credit('t') }}
        and o.person is null

),

moments as (

    select touchpoint_id, occurred_at, channel, network, person, 0 as is_order
    from vain
    union all
    select cast(null as varchar), o.ordered_at, cast(null as varchar), cast(null as varchar), o.person, 1
    from orders as o
    where o.person in (select person from vain)

),

neighboured as (

    {%- set moment = 'partition by person order by occurred_at, is_order, touchpoint_id' %}
    select
        *,
        lag(occurred_at) over ({{ moment }}) as occurred_before,
        lag(is_order) over ({{ moment }}) as is_order_before,
        lead(occurred_at) over ({{ moment }}) as occurred_after,
        lead(channel) over ({{ moment }}) as channel_after,
        lead(is_order) over ({{ moment }}) as is_order_after
    from moments

),

-- An order between two touches, or a pause as long as the look-back, ends a journey.
bounded as (

    select
        touchpoint_id,
        occurred_at,
        channel,
        network,
        person,
        case
            when is_order_before = 0 and occurred_before >= {{ lookback_begins('occurred_at', 'channel') }} then 0
            else 1
        end as begins,
        case
            when is_order_after = 0 and occurred_at >= {{ lookback_begins('occurred_after', 'channel_after') }} then 0
            else 1
        end as ends
    from neighboured
    where is_order = 0

),

-- A journey that may still lead to an order has not ended. Most are of a single touch, which has nothing to be put in order.
lone as (

    select b.channel
    from bounded as b
    cross join known
    where b.begins = 1 and b.ends = 1 and b.occurred_at < {{ lookback_begins('known.newest_ordered_at', 'b.channel') }}

),

numbered as (

    select
        *,
        sum(begins) over (
            partition by person
            order by occurred_at, touchpoint_id
            rows between unbounded preceding and current row
        ) as journey_number
    from bounded
    where begins = 0 or ends = 0

),

journeys as (

    select person, journey_number, max(occurred_at) as ended_at
    from numbered
    group by person, journey_number

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
    where j.ended_at < {{ lookback_begins('known.newest_ordered_at', 'n.channel') }}

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
