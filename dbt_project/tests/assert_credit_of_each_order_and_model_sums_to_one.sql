{{ config(meta={'dagster': {'ref': {'name': 'fct_attribution_touches'}}}) }}

{%- set models = computed_attribution_models() %}

with touched as (

    select
        order_key
        {%- for model in models %},
        sum({{ model }}_credit_fraction) as {{ model }}_credit
        {%- endfor %}
    from {{ ref('fct_attribution_touches') }}
    group by order_key

),

own as (

    select order_key, attribution_model, sum(credit_fraction) as credit
    from {{ ref('fct_attribution_custom_credits') }}
    group by order_key, attribution_model

)

select
    o.order_key,
    'a model of the project' as attribution_model
from {{ ref('fct_orders') }} as o
left join touched as t on o.order_key = t.order_key
where
    {% for model in models -%}
    {% if not loop.first %}or {% endif %}coalesce(t.{{ model }}_credit, 0) <> 1
    {% endfor %}

union all

select
    o.order_key,
    models.attribution_model
from {{ ref('fct_orders') }} as o
cross join (select distinct attribution_model from {{ ref('custom_attribution_models') }}) as models
left join own as c on o.order_key = c.order_key and models.attribution_model = c.attribution_model
where coalesce(c.credit, 0) <> 1
