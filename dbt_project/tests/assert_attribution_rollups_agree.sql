{{ config(meta={'dagster': {'ref': {'name': 'rpt_attribution_rollup'}}}) }}

with credits as (

    select attribution_model, currency, sum(credit_fraction) as orders, sum(credited_revenue) as revenue
    from {{ ref('fct_attribution_credits') }}
    group by attribution_model, currency

),

rolled as (

    select attribution_model, currency, sum(credited_orders) as orders, sum(credited_revenue) as revenue
    from {{ ref('rpt_attribution_rollup') }}
    group by attribution_model, currency

)

select credits.attribution_model, credits.currency, credits.orders, rolled.orders as rolled_orders
from credits
left join rolled on credits.attribution_model = rolled.attribution_model and credits.currency = rolled.currency
where
    rolled.attribution_model is null
    or credits.orders <> rolled.orders
    or coalesce(credits.revenue, 0) <> coalesce(rolled.revenue, 0)
