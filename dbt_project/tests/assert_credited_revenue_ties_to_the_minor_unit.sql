{{ config(meta={'dagster': {'ref': {'name': 'fct_attribution_touches'}}}) }}

{%- set models = computed_attribution_models() %}

with {{ summed_credits(ref('fct_attribution_touches'), ['order_key'], {'credited_revenue': 'sum({revenue})'}, models) }}

select o.order_key, summed.attribution_model, summed.credited_revenue, o.commissionable_amount
from {{ ref('fct_orders') }} as o
inner join summed on o.order_key = summed.order_key
where
    {{ round_to_minor_unit('o.commissionable_amount', 'o.minor_unit_digits') }} is distinct from summed.credited_revenue
