{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_orders'}}}) }}

-- Lines are missing, or one was changed without its order. An order without any line was exported without lines.
select
    items.order_key,
    items.subtotal as subtotal_of_items,
    o.subtotal,
    items.discount as discount_of_items,
    o.discount,
    items.refunded_subtotal as refunded_subtotal_of_items,
    o.refunded_subtotal
from (
    select
        order_key,
        sum(subtotal) as subtotal,
        -- A line whose share is not told leaves the sum unknown.
        case when count(*) = count(discount) then sum(discount) end as discount,
        case when count(*) = count(refunded_subtotal) then sum(refunded_subtotal) end as refunded_subtotal
    from {{ ref('stg_crm__order_items') }}
    group by order_key
) as items
left join {{ ref('fct_orders') }} as o on items.order_key = o.order_key and o.order_source = 'shop'
where
    o.order_key is null
    or items.subtotal <> o.subtotal
    or items.discount <> o.discount
    or items.refunded_subtotal <> o.refunded_subtotal
