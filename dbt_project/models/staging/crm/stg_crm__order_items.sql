with items as (

    {{ current_version(source('valid_crm', 'order_items'), 'updated_at desc, _observed_at desc, _fetched_at desc') }}

)

select
    shop || ':' || order_id || ':' || line_id as order_item_key,
    shop || ':' || order_id as order_key,
    shop,
    order_id,
    line_id,
    updated_at,
    _observed_at as observed_at,
    sku,
    category,
    cast(quantity as integer) as quantity,
    {{ money('subtotal') }} as subtotal,
    {{ money('discount') }} as discount,
    {{ money('tax') }} as tax,
    cast(refunded_quantity as integer) as refunded_quantity,
    {{ money('refunded_subtotal') }} as refunded_subtotal,
    _page_id,
    _load_id,
    _run_id
from items
