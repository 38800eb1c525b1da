{{ config(meta={'dagster': {'ref': {'name': 'fct_attribution_credits'}}}) }}

select o.order_key, c.attribution_model, o.commissionable_amount, sum(c.credited_revenue) as credited
from {{ ref('fct_orders') }} as o
inner join {{ ref('fct_attribution_credits') }} as c on o.order_key = c.order_key
group by o.order_key, c.attribution_model, o.commissionable_amount, o.minor_unit_digits
having sum(c.credited_revenue) <> {{ round_to_minor_unit('o.commissionable_amount', 'o.minor_unit_digits') }}
