{{ config(meta={'dagster': {'ref': {'name': 'rpt_attribution_rollup'}}}) }}

-- Revenue is a sum only where all of it is known, on both sides.
with credits as (

    select
        attribution_model,
        {{ utc_date('ordered_at') }} as ordered_date,
        channel,
        currency,
        sum(credit_fraction) as orders,
        case when count(*) = count(credited_revenue) then sum(credited_revenue) end as revenue
    from {{ ref('fct_attribution_credits') }}
    group by attribution_model, {{ utc_date('ordered_at') }}, channel, currency

),

rolled as (

    select
        attribution_model,
        ordered_date,
        channel,
        currency,
        sum(credited_orders) as orders,
        case when count(*) = count(credited_revenue) then sum(credited_revenue) end as revenue
    from {{ ref('rpt_attribution_rollup') }}
    group by attribution_model, ordered_date, channel, currency

)

select credits.*, rolled.orders as rolled_orders, rolled.revenue as rolled_revenue
from credits
left join rolled
    on
        credits.attribution_model = rolled.attribution_model
        and credits.ordered_date is not distinct from rolled.ordered_date
        and credits.channel is not distinct from rolled.channel
        and credits.currency is not distinct from rolled.currency
where
    rolled.attribution_model is null
    or credits.orders <> rolled.orders
    or credits.revenue is distinct from rolled.revenue
