with touches as (

    {{ current_event(source('valid_crm', 'touchpoints')) }}

)

select
    coalesce(shop, _account_id) || ':' || touch_id as page_event_key,
    coalesce(shop, _account_id) as shop,
    'visits' as source,
    touch_id,
    occurred_at,
    visitor_hash,
    customer_hash,
    -- The analytics tool exports visits, not pages.
    true as is_visit,
    landing_url,
    utm_source,
    utm_medium,
    utm_campaign,
    referrer_host,
    _page_id,
    _load_id,
    _run_id
from touches
