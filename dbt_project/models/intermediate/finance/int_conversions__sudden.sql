{{ config(materialized='table') }}
{%- set longest = [var('fraud_takeover_within_seconds'), var('fraud_click_within_seconds')] | max %}

-- Live conversions whose click lies just before the order. An order on the last second of a minute may be told to the
-- minute only; then the network's time of the sale is nearer, if it lies between click and order.
with sold as (

    select
        c.conversion_key,
        c.network,
        c.publisher_id,
        c.order_key,
        c.clicked_at,
        o.customer_hash,
        case
            when extract(second from o.ordered_at) = 59 and c.occurred_at between c.clicked_at and o.ordered_at
                then c.occurred_at
            else coalesce(o.ordered_at, c.occurred_at)
        end as ordered_at
    from {{ ref('int_conversions__deduplicated') }} as c
    left join {{ ref('int_orders__keyed') }} as o on case when not c.is_renewal then c.order_key end = o.order_key
    where not {{ is_void('c') }} and c.row_kind = 'original' and c.clicked_at is not null

),

measured as (

    select *, {{ dbt.datediff('clicked_at', 'ordered_at', 'second') }} as seconds_from_click
    from sold

),

sudden as (

    select *
    from measured
    where seconds_from_click between 0 and {{ longest }}

),

-- Who sent the visitor, where the network lists its clicks.
senders as (

    select network, click_id, min(publisher_id) as publisher_id
    from {{ ref('int_clicks__unioned') }}
    group by network, click_id
    having min(publisher_id) = max(publisher_id)

),

earlier as (

    select
        s.conversion_key,
        t.touchpoint_id,
        t.network as other_network,
        senders.publisher_id as other_publisher_id,
        t.occurred_at as other_clicked_at,
        row_number() over (
            partition by s.conversion_key
            order by
                case when t.network <> s.network or senders.publisher_id is not null then 0 else 1 end,
                t.occurred_at desc,
                t.touchpoint_id
        ) as nearness
    from sudden as s
    inner join {{ ref('int_touchpoints__identified') }} as t
        on
            s.customer_hash = t.resolved_customer_hash
            -- The same visit may be logged some moments before or after the network's click.
            and {{ dbt.dateadd('minute', var('fraud_takeover_gap_minutes'), 't.occurred_at') }} <= s.clicked_at
            and t.occurred_at >= {{ lookback_begins('s.ordered_at', 't.channel') }}
    left join senders on t.network = senders.network and t.click_id = senders.click_id
    where
        t.channel = 'affiliate'
        and t.click_id_param is not null
        and not t.is_repeat
        and (t.network <> s.network or senders.publisher_id is null or senders.publisher_id <> s.publisher_id)

)

select
    s.conversion_key,
    s.order_key,
    s.clicked_at,
    s.ordered_at,
    cast(s.seconds_from_click as bigint) as seconds_from_click,
    e.other_network,
    e.other_publisher_id,
    e.other_clicked_at,
    coalesce(e.other_network <> s.network or e.other_publisher_id is not null, false) as is_other_known
from sudden as s
left join earlier as e on s.conversion_key = e.conversion_key and e.nearness = 1
