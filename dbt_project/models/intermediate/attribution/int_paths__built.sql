{{ config(materialized='table') }}

{%- set excluded = var('excluded_channels') %}
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
        not t.is_repeat
        {%- if excluded %}
        and t.channel not in ('{{ excluded | join("', '") }}')
        {%- endif %}

)
{%- for transform in var('path_transforms') %},

transformed_{{ loop.index }} as (

    {{ transformed_path('touched' if loop.first else 'transformed_' ~ loop.index0, transform) }}

)
{%- endfor %}

select
    {{ columns | join(',\n    ') }},
    cast(row_number() over (partition by order_key order by touched_at, touchpoint_id) as integer) as touch_number,
    cast(count(*) over (partition by order_key) as integer) as touch_count
from {% if var('path_transforms') %}transformed_{{ var('path_transforms') | length }}{% else %}touched{% endif %}
