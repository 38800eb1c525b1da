{{ config(meta={'dagster': {'ref': {'name': 'rpt_attribution_value'}}}) }}

with shown as (

    select
        attribution_model,
        sum(credited_orders) as credited_orders,
        count(spend_cost_reporting) as days_with_spend
    from {{ ref('rpt_attribution_value') }}
    group by attribution_model

),

credited as (

    select attribution_model, sum(credit_fraction) as credited_orders
    from {{ ref('fct_attribution_credits') }}
    group by attribution_model

),

spent as (

    select count(*) as days_with_spend
    from (
        select spend_date, channel, coalesce(campaign, '') as campaign
        from {{ ref('stg_crm__ad_spend') }} as s
        cross join {{ source('config', 'brand') }} as brand
        group by spend_date, channel, coalesce(campaign, '')
        -- Of other currencies the rate may be missing.
        having max(case when s.currency <> brand.reporting_currency then 1 else 0 end) = 0
    ) as days

)

select shown.attribution_model, shown.credited_orders, credited.credited_orders as expected_orders
from shown
left join credited on shown.attribution_model = credited.attribution_model
cross join spent
where
    shown.credited_orders <> coalesce(credited.credited_orders, 0)
    or shown.days_with_spend < spent.days_with_spend
