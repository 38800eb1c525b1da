with events as (

    select visitor_hash, order_id, _observed_at from {{ source('valid_crm', 'ga4_events') }}
    where event_name = 'purchase'
    union all
    select visitor_hash, order_id, _observed_at from {{ source('valid_crm', 'snowplow_events') }}
    union all
    select visitor_hash, order_id, _observed_at from {{ source('valid_crm', 'segment_orders') }}

)

select visitor_hash, order_id, min(_observed_at) as observed_at
from events
where visitor_hash is not null and order_id is not null
group by visitor_hash, order_id
