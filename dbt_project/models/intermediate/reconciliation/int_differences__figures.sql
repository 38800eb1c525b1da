{{ config(materialized='table') }}
{%- set digits = 'minor_unit_digits' %}

with pairs as (

    select
        p.conversion_key,
        p.order_key,
        p.reason,
        p.told_amount,
        p.amount_difference,
        c.sale_amount,
        c.sale_currency,
        o.currency as order_currency,
        o.minor_unit_digits,
        {{ utc_date('o.ordered_at') }} as ordered_on,
        o.commissionable_amount,
        coalesce(o.discount, 0) as discount,
        coalesce(o.shipping, 0) as shipping,
        coalesce(o.tax, 0) as tax,
        coalesce(o.gift_card, 0) as gift_card,
        coalesce(o.refunded, 0) as refunded,
        coalesce(o.refunded_subtotal, 0) as refunded_subtotal,
        {{ money('o.subtotal - coalesce(o.discount, 0)') }} as goods,
        {{ money('o.subtotal - coalesce(o.discount, 0) + coalesce(o.shipping, 0)') }} as taxed
    from {{ ref('int_conversions__compared') }} as p
    inner join {{ ref('int_conversions__keyed') }} as c on p.conversion_key = c.conversion_key
    inner join {{ ref('int_orders__keyed') }} as o on p.order_key = o.order_key
    where p.class = 'amount_mismatch'

),

shares as (

    select
        *,
        -- A tax rate is not exported: the order's own tax over what it was charged on stands for it.
        {{ times_rate('tax', '(' ~ decimal_quotient('goods', 'taxed') ~ ')') }} as tax_of_goods,
        {{ times_rate('commissionable_amount', '(' ~ decimal_quotient('tax', 'taxed + tax') ~ ')') }} as tax_inside
    from pairs

)

-- From here on whole numbers of the currency's smallest unit, so that equal means equal.
select
    conversion_key,
    order_key,
    reason,
    amount_difference,
    told_amount,
    commissionable_amount,
    sale_amount,
    sale_currency,
    order_currency,
    ordered_on,
    minor_unit_digits,
    {{ minor_units('told_amount', digits) }} - {{ minor_units('commissionable_amount', digits) }} as difference_units,
    {{ minor_units('commissionable_amount', digits) }} as commissionable_units,
    {{ minor_units('sale_amount', digits) }} as sale_units,
    {{ minor_units('tax', digits) }} as tax_units,
    {{ minor_units('shipping', digits) }} as shipping_units,
    {{ minor_units('discount', digits) }} as discount_units,
    {{ minor_units('gift_card', digits) }} as gift_card_units,
    {{ minor_units('refunded_subtotal', digits) }} as refund_units,
    {{ minor_units('refunded - refunded_subtotal', digits) }} as refunded_beside_units,
    {{ minor_units('tax_of_goods', digits) }} as tax_of_goods_units,
    {{ minor_units('tax_inside', digits) }} as tax_inside_units
from shares
