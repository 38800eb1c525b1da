-- Over all versions: an export that names the customer of an earlier touch says since when that is known.
with named as (

    select visitor_hash, customer_hash, _observed_at as known_from
    from {{ source('valid_crm', 'touchpoints') }}

),

ordered as (

    select visitor_hash, order_id, _observed_at from {{ source('valid_crm', 'ga4_events') }}
    where event_name = 'purchase'
    union all
    select visitor_hash, order_id, _observed_at from {{ source('valid_crm', 'snowplow_events') }}
    union all
    select visitor_hash, order_id, _observed_at from {{ source('valid_crm', 'segment_orders') }}

),

-- Orders of several shops may share an id; then it tells no customer.
customers as (

    select order_id, min(customer_hash) as customer_hash, min(_observed_at) as first_observed_at
    from {{ source('valid_crm', 'orders') }}
    where customer_hash is not null
    group by order_id
    having min(customer_hash) = max(customer_hash)

),

told as (

    select visitor_hash, customer_hash, known_from from named
    union all
    -- Analytics name no customer; the order that its browser made does.
    select
        o.visitor_hash,
        c.customer_hash,
        case when o._observed_at > c.first_observed_at then o._observed_at else c.first_observed_at end as known_from
    from ordered as o
    inner join customers as c on o.order_id = c.order_id

)

select visitor_hash, customer_hash, min(known_from) as known_from
from told
where visitor_hash is not null and customer_hash is not null
group by visitor_hash, customer_hash
