with clicks as (

    {{ current_version(source('valid_partnerize', 'clicks')) }}

)

select
    'partnerize' as network,
    _account_id as account_id,
    -- The reference is what the landing page gets; the click's own id stays inside Partnerize.
    coalesce(clickref, click_id) as click_id,
    campaign_id as programme_id,
    publisher_id,
    set_time as clicked_at,
    cast(null as varchar) as landing_url,
    referer_host as referrer_host,
    cast(null as varchar) as publisher_reference,
    ref_device as device,
    country,
    _observed_at as observed_at,
    _page_id,
    _load_id,
    _run_id
from clicks
