with campaigns as (

    {{ current_version(source('valid_partnerize', 'campaigns')) }}

)

select
    'partnerize' as network,
    _account_id as account_id,
    campaign_id as programme_id,
    title as programme_name,
    default_currency as currency,
    lower(status) as status,
    -- Zero stands for a campaign that approves nothing by itself.
    cast(nullif(force_approve_period, 0) as integer) as validation_days,
    cast(null as varchar) as lock_rule,
    _observed_at as observed_at,
    _page_id,
    _load_id,
    _run_id
from campaigns
