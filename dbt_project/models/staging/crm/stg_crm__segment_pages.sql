with pages as (

    {{ current_event(source('valid_crm', 'segment_pages')) }}

)

select
    'segment:' || event_id as page_event_key,
    _account_id as shop,
    'segment' as source,
    event_id as touch_id,
    occurred_at,
    visitor_hash,
    cast(null as varchar) as customer_hash,
    false as is_visit,
    page_url as landing_url,
    utm_source,
    utm_medium,
    utm_campaign,
    referrer_host,
    _page_id,
    _load_id,
    _run_id
from pages
