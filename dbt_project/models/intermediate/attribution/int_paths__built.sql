{{ config(materialized='table') }}

{%- set columns = [
    'order_key', 'ordered_at', 'touchpoint_id', 'touched_at', 'channel', 'network', 'publisher_id', 'utm_source',
    'utm_medium', 'utm_campaign', 'seconds_before_order'] %}

with touched as (

    select
        o.order_key,
        o.ordered_at,
        t.touchpoint_id,
        t.occurred_at as touched_at,
        t.channel,
        t.network,
        t.publisher_id,
        t.utm_source,
        t.utm_medium,
        t.utm_campaign,
        {{ dbt.datediff('t.occurred_at', 'o.ordered_at', 'second') }} as seconds_before_order
    from {{ ref('int_orders__keyed') }} as o
    inner join {{ ref('int_touchpoints__identified') }} as t
        on
            o.customer_hash = t.resolved_customer_hash
            and t.occurred_at <= o.ordered_at
            and t.occurred_at >= {{ lookback_begins('o.ordered_at', 't.channel') }}
    where
        {{ may_earn_credit('t') }}

),

{{ paths_of('touched') }}

select
    {{ columns | join(',\n    ') }},
    touch_number,
    touch_count
from paths
