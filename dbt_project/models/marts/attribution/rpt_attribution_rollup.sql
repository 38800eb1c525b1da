{%- set columns = [
    'ordered_date', 'channel', 'network', 'is_withheld', 'publisher_id', 'utm_campaign', 'currency', 'reporting_currency'] -%}

with touches as (

    select *, {{ utc_date('ordered_at') }} as ordered_date
    from {{ ref('fct_attribution_touches') }}

),

{{ summed_credits('touches', columns, {
    'credited_orders': 'sum({credit})',
    'credited_revenue': 'case when count({credit}) = count({revenue}) then sum({revenue}) end',
    'credited_revenue_reporting':
        'case when count({credit}) = count(case when fx_rate is not null then {revenue} end)'
        ~ ' then sum(' ~ times_rate_column('{revenue}', 'fx_rate') ~ ') end',
}) }}

select
    attribution_model,
    ordered_date,
    channel,
    network,
    is_withheld,
    publisher_id,
    utm_campaign,
    currency,
    {{ money('credited_orders') }} as credited_orders,
    {{ money('credited_revenue') }} as credited_revenue,
    {{ money('credited_revenue_reporting') }} as credited_revenue_reporting,
    reporting_currency
from summed
