{{ config(materialized='table') }}

with named as (

    select distinct order_key from {{ ref('int_pairs__named') }}

),

-- Who brought a click is told by the networks that keep a log of them.
clickers as (

    select network, click_id, min(publisher_id) as publisher_id
    from {{ ref('int_clicks__unioned') }}
    group by network, click_id
    having min(publisher_id) = max(publisher_id)

),

clicks as (

    select clicked.order_key, clicked.clicked_network, clicked.clicked_at, clickers.publisher_id as clicked_publisher_id
    from {{ ref('int_orders__clicked') }} as clicked
    inner join {{ ref('int_touchpoints__identified') }} as t
        on clicked.touchpoint_id = t.touchpoint_id and clicked.clicked_network = t.network
    left join clickers on t.network = clickers.network and t.click_id = clickers.click_id

)

select
    o.order_key,
    o.ordered_at,
    o.customer_hash,
    o.currency,
    {{ voucher_word('o.voucher_code') }} as voucher_code,
    {{ minor_units('o.subtotal - coalesce(o.discount, 0)', 'o.minor_unit_digits') }} as ordered_units,
    {{ minor_units('o.commissionable_amount', 'o.minor_unit_digits') }} as commissionable_units,
    clicks.clicked_network,
    clicks.clicked_at,
    clicks.clicked_publisher_id
from {{ ref('int_orders__keyed') }} as o
left join named on o.order_key = named.order_key
left join clicks on o.order_key = clicks.order_key
where named.order_key is null
