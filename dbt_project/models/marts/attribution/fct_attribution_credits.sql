{{ config(materialized='view') }}

with lines as (

    {{ credit_lines(ref('fct_attribution_touches'), ref('fct_attribution_custom_credits')) }}

)

select
    credit_key,
    order_key,
    shop,
    order_id,
    ordered_at,
    attribution_model,
    touchpoint_id,
    touch_number,
    touch_count,
    touched_at,
    channel,
    network,
    is_seen_by_shop,
    is_withheld,
    publisher_id,
    utm_source,
    utm_medium,
    utm_campaign,
    credit_fraction,
    credited_revenue,
    currency,
    {{ times_rate_column('credited_revenue', 'fx_rate') }} as credited_revenue_reporting,
    reporting_currency
from lines
