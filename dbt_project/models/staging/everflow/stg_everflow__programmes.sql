-- The list holds the offers of all advertisers of the network account.
with offers as (

    {{ current_version(source('valid_everflow', 'offers')) }}

)

select
    'everflow' as network,
    _account_id as account_id,
    cast(network_offer_id as varchar) as programme_id,
    name as programme_name,
    currency_id as currency,
    lower(offer_status) as status,
    cast(null as integer) as validation_days,
    cast(null as varchar) as lock_rule,
    _observed_at as observed_at,
    _page_id,
    _load_id,
    _run_id
from offers
where network_advertiser_id is null or cast(network_advertiser_id as varchar) = _account_id
