{{ config(meta={'dagster': {'ref': {'name': 'fct_attribution_touches'}}}) }}

{%- set models = computed_attribution_models() %}

with touched as (

    select
        order_key
        {%- for model in models %},
        sum({{ model }}_credited_revenue) as {{ model }}_revenue
        {%- endfor %}
    from {{ ref('fct_attribution_touches') }}
    group by order_key

),

own as (

    select order_key, attribution_model, sum(credited_revenue) as revenue
    from {{ ref('fct_attribution_custom_credits') }}
    group by order_key, attribution_model

),

orders as (

    select order_key, {{ round_to_minor_unit('commissionable_amount', 'minor_unit_digits') }} as amount
    from {{ ref('fct_orders') }}

)

select
    o.order_key,
    'a model of the project' as attribution_model
from orders as o
inner join touched as t on o.order_key = t.order_key
where
    {% for model in models -%}
    {% if not loop.first %}or {% endif %}t.{{ model }}_revenue <> o.amount
    {% endfor %}

union all

select
    o.order_key,
    c.attribution_model
from orders as o
inner join own as c on o.order_key = c.order_key
where c.revenue <> o.amount
