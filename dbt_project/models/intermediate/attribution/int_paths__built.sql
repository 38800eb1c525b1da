{{ config(materialized='table') }}

{%- set columns = [
    'order_key', 'ordered_at', 'touchpoint_id', 'touched_at', 'channel', 'network', 'publisher_id', 'utm_source',
    'utm_medium', 'utm_campaign', 'is_seen_by_shop', 'seconds_before_order'] %}

with claimed as (

    select
        touchpoint_id,
        occurred_at,
        channel,
        network,
        publisher_id,
        cast(null as varchar) as utm_source,
        cast(null as varchar) as utm_medium,
        cast(null as varchar) as utm_campaign,
        resolved_customer_hash,
        order_key,
        false as is_repeat
    from {{ ref('int_touchpoints__claimed') }}

),

touched as (

    {% for touches, is_seen_by_shop, is_its in [
        (ref('int_touchpoints__identified'), 'true', 'o.customer_hash = t.resolved_customer_hash'),
        ('claimed', 'false', 'o.customer_hash = t.resolved_customer_hash'),
        ('claimed', 'false', 'o.order_key = t.order_key'),
    ] -%}
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
        {{ is_seen_by_shop }} as is_seen_by_shop,
        {{ dbt.datediff('t.occurred_at', 'o.ordered_at', 'second') }} as seconds_before_order
    from {{ ref('int_orders__keyed') }} as o
    inner join {{ touches }} as t
        on
            {{ is_its }}
            and t.occurred_at <= o.ordered_at
            and t.occurred_at >= {{ lookback_begins('o.ordered_at', 't.channel') }}
    where
        {{ may_earn_credit('t') }}
    {% if not loop.last -%}
    union all
    {% endif -%}
    {%- endfor %}

),

{{ paths_of('touched') }}

select
    {{ columns | join(',\n    ') }},
    touch_number,
    touch_count
from paths
