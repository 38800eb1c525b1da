{%- set columns = [
    'page_event_key', 'shop', 'source', 'occurred_at', 'visitor_hash', 'customer_hash', 'is_visit', 'landing_url',
    'utm_source', 'utm_medium', 'utm_campaign'] -%}

{%- for events in [
    'stg_crm__touchpoints', 'stg_crm__ga4_events', 'stg_crm__snowplow_events', 'stg_crm__segment_pages'] %}
select
    {{ columns | join(',\n    ') }},
    -- A page of the shop is no referrer.
    case
        when {{ without_www('referrer_host') }} = {{ host_of('landing_url') }} then null
        else referrer_host
    end as referrer_host
from {{ ref(events) }}
{% if not loop.last -%}
union all
{% endif -%}
{%- endfor %}
