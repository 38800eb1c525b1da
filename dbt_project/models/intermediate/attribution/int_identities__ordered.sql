with versions as (

    select shop, {{ normalised_order_id('order_id') }} as order_match_key, customer_hash, observed_at
    from {{ ref('stg_crm__order_versions') }}
    union all
    select shop, order_match_key, customer_hash, observed_at
    from {{ ref('int_crm_record_versions__priced') }}

),

-- Orders of several shops may share an id; then it tells no customer, unless all of them name the same one.
named as (

    select order_match_key
    from {{ ref('int_orders__keyed') }}
    group by order_match_key
    having min(customer_hash) = max(customer_hash) and count(*) = count(customer_hash)

),

-- Of an order, its present customer counts, since the first version that names that customer.
customers as (

    select
        o.order_match_key,
        min(o.customer_hash) as customer_hash,
        min(v.observed_at) as first_observed_at
    from {{ ref('int_orders__keyed') }} as o
    inner join named on o.order_match_key = named.order_match_key
    inner join versions as v
        on o.shop = v.shop and o.order_match_key = v.order_match_key and o.customer_hash = v.customer_hash
    group by o.order_match_key

),

browsers as (

    select visitor_hash, {{ normalised_order_id('order_id') }} as order_match_key, observed_at
    from {{ ref('stg_crm__browser_orders') }}

)

-- Analytics name no customer; the order that its browser made does.
select
    b.visitor_hash,
    c.customer_hash,
    min(case when b.observed_at > c.first_observed_at then b.observed_at else c.first_observed_at end) as known_from
from browsers as b
inner join customers as c on b.order_match_key = c.order_match_key
group by b.visitor_hash, c.customer_hash
