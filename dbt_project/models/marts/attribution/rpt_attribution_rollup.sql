select
    attribution_model,
    {{ utc_date('ordered_at') }} as ordered_date,
    channel,
    network,
    is_withheld,
    publisher_id,
    utm_campaign,
    currency,
    {{ money('sum(credit_fraction)') }} as credited_orders,
    {{ money(sum_if_all_known('credited_revenue')) }} as credited_revenue,
    {{ money(sum_if_all_known('credited_revenue_reporting')) }} as credited_revenue_reporting,
    max(reporting_currency) as reporting_currency
from {{ ref('fct_attribution_credits') }}
group by
    attribution_model, {{ utc_date('ordered_at') }}, channel, network, is_withheld, publisher_id,
    utm_campaign, currency
