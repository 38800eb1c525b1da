{{ config(materialized='table') }}

{%- set excluded = var('excluded_channels') %}

with touched as (

    select
        o.order_key,
        o.ordered_at,
        t.touchpoint_id,
        t.occurred_at as touched_at,
        t.channel,
        t.network,
        t.utm_source,
        t.utm_medium,
        t.utm_campaign,
        {{ dbt.datediff('t.occurred_at', 'o.ordered_at', 'second') }} as seconds_before_order
    from {{ ref('int_orders__keyed') }} as o
    inner join {{ ref('int_touchpoints__identified') }} as t
        on
            o.customer_hash = t.resolved_customer_hash
            and t.occurred_at <= o.ordered_at
            and t.occurred_at >= {{ days_before('o.ordered_at', var('lookback_days')) }}
    where
        not t.is_repeat
        {%- if excluded %}
        and t.channel not in ('{{ excluded | join("', '") }}')
        {%- endif %}

)

select
    *,
    cast(row_number() over (partition by order_key order by touched_at, touchpoint_id) as integer) as touch_number,
    cast(count(*) over (partition by order_key) as integer) as touch_count
from touched
