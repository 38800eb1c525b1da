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

buyers as (

    select distinct person from orders

),

counted as (

    select
        t.touchpoint_id,
        t.occurred_at,
        t.channel,
        t.network,
        t.person,
        buyers.person is not null as is_buyer
    from touches as t
    left join buyers on t.person = buyers.person
    where t.person is not null and {{ may_earn_credit('t') }}

),

moments as (

    select touchpoint_id, occurred_at, channel, network, person, cast(null as timestamp) as ordered_at
    from counted
    where is_buyer
    union all
    select
        cast(null as varchar),
        ordered_at,
        cast(null as varchar),
        cast(null as varchar),
        person,
        ordered_at
    from orders

),

-- A touch at the very moment of an order still led to it.
followed as (

    select
        *,
        min(ordered_at) over (
            partition by person
            order by occurred_at desc, case when ordered_at is null then 1 else 0 end
            rows between unbounded preceding and current row
        ) as next_ordered_at
    from moments

),

vain as (

    select
        *,
        lag(occurred_at) over (partition by person order by occurred_at, touchpoint_id) as occurred_before
    from (
        select touchpoint_id, occurred_at, channel, network, person, next_ordered_at
        from followed
        where
            ordered_at is null
            and (next_ordered_at is null or occurred_at < {{ lookback_begins('next_ordered_at', 'channel') }})
        union all
        select touchpoint_id, occurred_at, channel, network, person, cast(null as timestamp) as next_ordered_at
        from counted
        where not is_buyer
    ) as touches_in_vain

),

-- An order between two touches, or a pause as long as the look-back, ends a journey.
numbered as (

    select
        *,
        sum(
            case when occurred_before >= {{ lookback_begins('occurred_at', 'channel') }} then 0 else 1 end
        ) over (
            partition by person, next_ordered_at
            order by occurred_at, touchpoint_id
            rows between unbounded preceding and current row
        ) as journey_number
    from vain

),

journeys as (

    select
        person || ':' || coalesce(cast(next_ordered_at as varchar), '') || ':' || cast(journey_number as varchar)
            as order_key,
        touchpoint_id,
        occurred_at as touched_at,
        channel,
        network,
        max(occurred_at) over (partition by person, next_ordered_at, journey_number) as ended_at
    from numbered

),

-- A journey that may still lead to an order has not ended.
touched as (

    select j.order_key, j.touchpoint_id, j.touched_at, j.channel, j.network
    from journeys as j
    cross join known
    where j.ended_at < {{ lookback_begins('known.newest_ordered_at', 'j.channel') }}

),

{{ paths_of('touched') }}

select
    order_key as journey_key,
    touchpoint_id,
    touched_at,
    channel,
    network,
    touch_number,
    touch_count
from paths
