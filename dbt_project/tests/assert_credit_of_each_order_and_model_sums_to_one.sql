{{ config(meta={'dagster': {'ref': {'name': 'fct_attribution_credits'}}}) }}

with expected as (

    select o.order_key, rules.attribution_model
    from {{ ref('fct_orders') }} as o
    cross join (select distinct attribution_model from {{ ref('fct_attribution_credits') }}) as rules

)

select e.order_key, e.attribution_model, sum(c.credit_fraction) as credit
from expected as e
left join {{ ref('fct_attribution_credits') }} as c
    on e.order_key = c.order_key and e.attribution_model = c.attribution_model
group by e.order_key, e.attribution_model
having coalesce(sum(c.credit_fraction), 0) <> 1
