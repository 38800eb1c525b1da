with brand as (

    select reporting_currency from {{ source('config', 'brand') }}

),

earned as (

    select
        attribution_model,
        ordered_date as value_date,
        channel,
        coalesce(utm_campaign, '') as campaign,
        sum(credited_orders) as credited_orders,
        {{ sum_if_all_known('credited_revenue_reporting') }} as credited_revenue_reporting
    from {{ ref('rpt_attribution_rollup') }}
    group by attribution_model, ordered_date, channel, coalesce(utm_campaign, '')

),

spent as (

    select
        s.spend_date as value_date,
        s.channel,
        coalesce(s.campaign, '') as campaign,
        {{ in_reporting('s.spend_cost', 's.currency', 'brand.reporting_currency', 'fx') }} as cost
    from {{ ref('stg_crm__ad_spend') }} as s
    cross join brand
    left join {{ ref('int_fx__daily') }} as fx on s.currency = fx.from_currency and s.spend_date = fx.on_date

),

spending as (

    select value_date, channel, campaign, {{ sum_if_all_known('cost') }} as spend_cost_reporting
    from spent
    group by value_date, channel, campaign

),

paid as (

    select order_key, network, utm_campaign
    from {{ ref('fct_attribution_touches') }}
    where affiliate_last_click_credit_fraction is not null and network is not null

),

-- What the networks bill, on the campaign of the affiliate touch that they pay. The bill of a held network is unknown, and
-- so is a sum with it.
billed as (

    select
        {{ utc_date('coalesce(o.ordered_at, c.occurred_at)') }} as value_date,
        'affiliate' as channel,
        coalesce(paid.utm_campaign, '') as campaign,
        case when held.network is null then coalesce(c.advertiser_cost_reporting, c.publisher_commission_reporting) end
            as cost,
        held.network || ': ' || held.withheld_reason as withheld_reason
    from {{ ref('fct_conversions') }} as c
    left join {{ ref('fct_orders') }} as o on c.order_key = o.order_key
    left join paid on c.order_key = paid.order_key and c.network = paid.network
    left join {{ ref('int_networks__held') }} as held on c.network = held.network
    where not c.is_duplicate_claim and c.row_kind <> 'test' and not {{ is_void('c') }}

),

billing as (

    select
        value_date,
        channel,
        campaign,
        {{ sum_if_all_known('cost') }} as commission_cost_reporting,
        min(withheld_reason) as withheld_reason
    from billed
    group by value_date, channel, campaign

),

costs as (

    select value_date, channel, campaign from spending
    union
    select value_date, channel, campaign from billing

),

-- A cost stands beside every model, whether or not the model credits anything for it.
lines as (

    select attribution_model, value_date, channel, campaign from earned
    union
    select models.attribution_model, costs.value_date, costs.channel, costs.campaign
    from costs
    cross join {{ all_attribution_models() }} as models

),

joined as (

    select
        lines.attribution_model,
        lines.value_date,
        lines.channel,
        nullif(lines.campaign, '') as utm_campaign,
        billing.withheld_reason,
        coalesce(earned.credited_orders, 0) as credited_orders,
        case when earned.channel is null then 0 else earned.credited_revenue_reporting end as credited_revenue_reporting,
        -- No cost was told is unknown; of two costs, one may be alone.
        case when spending.channel is not null then spending.spend_cost_reporting end as spend_cost_reporting,
        case when billing.channel is not null then billing.commission_cost_reporting end as commission_cost_reporting,
        case
            when spending.channel is null then billing.commission_cost_reporting
            when billing.channel is null then spending.spend_cost_reporting
            else spending.spend_cost_reporting + billing.commission_cost_reporting
        end as total_cost_reporting
    from lines
    left join earned
        on
            lines.attribution_model = earned.attribution_model
            and lines.value_date = earned.value_date
            and lines.channel = earned.channel
            and lines.campaign = earned.campaign
    left join spending
        on
            lines.value_date = spending.value_date
            and lines.channel = spending.channel
            and lines.campaign = spending.campaign
    left join billing
        on
            lines.value_date = billing.value_date
            and lines.channel = billing.channel
            and lines.campaign = billing.campaign

)

select
    j.attribution_model,
    j.value_date,
    j.channel,
    j.utm_campaign,
    j.withheld_reason,
    {{ money('j.credited_orders') }} as credited_orders,
    {{ money('j.credited_revenue_reporting') }} as credited_revenue_reporting,
    {{ money('j.spend_cost_reporting') }} as spend_cost_reporting,
    {{ money('j.commission_cost_reporting') }} as commission_cost_reporting,
    {{ money('j.total_cost_reporting') }} as total_cost_reporting,
    {{ ratio('j.credited_revenue_reporting', 'j.total_cost_reporting') }} as roas_rate,
    {{ ratio('j.total_cost_reporting', 'j.credited_orders') }} as cost_per_order_reporting,
    brand.reporting_currency
from joined as j
cross join brand
