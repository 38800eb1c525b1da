with spend as (

    {{ current_version(source('valid_crm', 'ad_spend')) }}

)

select
    _account_id || ':' || spend_key as spend_key,
    cast(day as date) as spend_date,
    lower(channel) as channel,
    campaign,
    currency,
    {{ money('cost') }} as spend_cost,
    _page_id,
    _load_id,
    _run_id
from spend
