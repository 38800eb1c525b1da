with orders as (

    {{ current_version(source('valid_crm', 'orders'), 'updated_at desc, _observed_at desc, _fetched_at desc') }}

)

select
    shop || ':' || order_id as order_key,
    shop,
    order_id,
    ordered_at,
    updated_at,
    _observed_at as observed_at,
    status,
    currency,
    {{ money('subtotal') }} as subtotal,
    {{ money('discount') }} as discount,
    {{ money('shipping') }} as shipping,
    {{ money('tax') }} as tax,
    {{ money('total') }} as total,
    {{ money('refunded') }} as refunded,
    {{ money('refunded_subtotal') }} as refunded_subtotal,
    {{ commissionable_amount('subtotal', ['cancelled']) }} as commissionable_amount,
    {{ money('gift_card') }} as gift_card,
    cast(item_count as integer) as item_count,
    voucher_code,
    customer_hash,
    customer_type,
    _page_id,
    _load_id,
    _run_id
from orders
