{{ config(meta={'dagster': {'ref': {'name': 'fct_attribution_touches'}}}) }}

{%- set models = computed_attribution_models() %}

with {{ summed_credits(ref('fct_attribution_touches'), ['order_key'], {'credit': 'sum({credit})'}, models) }}

select o.order_key, models.attribution_model, summed.credit
from {{ ref('fct_orders') }} as o
cross join {{ all_attribution_models(models) }} as models
left join summed on o.order_key = summed.order_key and models.attribution_model = summed.attribution_model
where coalesce(summed.credit, 0) <> 1
