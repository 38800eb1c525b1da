with events as (

    {{ current_event(source('valid_crm', 'snowplow_events')) }}

)

select
    'snowplow:' || event_id as page_event_key,
    coalesce(app_id, _account_id) as shop,
    'snowplow' as source,
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
from events
where event_name = 'page_view'
