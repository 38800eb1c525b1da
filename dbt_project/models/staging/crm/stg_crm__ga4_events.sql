{#- Page events are read several times, and these have to be grouped first. -#}
{{ config(materialized='table') }}

with events as (

    {{ current_event(source('valid_crm', 'ga4_events')) }}

),

-- The tags stand on one of the events that are logged together when a page opens.
opened as (

    select
        min(_key) as touch_id,
        coalesce(stream_id, _account_id) as shop,
        occurred_at,
        visitor_hash,
        page_url,
        max(utm_source) as utm_source,
        max(utm_medium) as utm_medium,
        max(utm_campaign) as utm_campaign,
        max(referrer_host) as referrer_host,
        max(gclid) as gclid,
        max(dclid) as dclid,
        max(srsltid) as srsltid,
        min(_page_id) as _page_id,
        min(_load_id) as _load_id,
        min(_run_id) as _run_id
    from events
    where event_name in ('page_view', 'session_start', 'first_visit')
    group by
        coalesce(stream_id, _account_id), occurred_at, visitor_hash, page_url,
        -- Without a browser's id nothing tells two visitors apart.
        case when visitor_hash is null then _key end

)

select
    'ga4:' || touch_id as page_event_key,
    shop,
    'ga4' as source,
    touch_id,
    occurred_at,
    visitor_hash,
    cast(null as varchar) as customer_hash,
    false as is_visit,
    -- Ids that Analytics keeps in columns of their own may be cut off the address.
    page_url
    {%- for param in ['gclid', 'dclid', 'srsltid'] %}
    || case
        when {{ param }} is null or lower(page_url) like '%{{ param }}=%' then '' else '&{{ param }}=' || {{ param }}
    end
    {%- endfor %} as landing_url,
    utm_source,
    utm_medium,
    utm_campaign,
    referrer_host,
    _page_id,
    _load_id,
    _run_id
from opened
