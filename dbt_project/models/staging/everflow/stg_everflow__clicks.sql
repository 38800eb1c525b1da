with clicks as (

    {{ current_version(source('valid_everflow', 'clicks')) }}

)

select
    'everflow' as network,
    _account_id as account_id,
    transaction_id as click_id,
    cast(network_offer_id as varchar) as programme_id,
    cast(network_affiliate_id as varchar) as publisher_id,
    unix_timestamp as clicked_at,
    {{ url_without_query('url') }} as landing_url,
    nullif(lower(split_part(split_part(referer, '://', 2), '/', 1)), '') as referrer_host,
    coalesce(sub1, source_id) as publisher_reference,
    device_type as device,
    country_code as country,
    _observed_at as observed_at,
    _page_id,
    _load_id,
    _run_id
from clicks
where not coalesce(is_test_mode, false) and not coalesce(is_view_through, false)
