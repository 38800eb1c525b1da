select
    o.order_key,
    o.shop,
    o.order_id,
    o.order_match_key,
    o.ordered_at,
    o.updated_at,
    o.observed_at,
    o.status,
    o.expected_state,
    o.currency,
    o.minor_unit_digits,
    o.subtotal,
    o.discount,
    o.shipping,
    o.tax,
    o.total,
    o.refunded,
    o.refunded_subtotal,
    o.commissionable_amount,
    brand.reporting_currency,
    {{ in_reporting('o.commissionable_amount', 'o.currency', 'brand.reporting_currency', 'fx') }}
        as commissionable_amount_reporting,
    {{ fx_rate('o.currency', 'brand.reporting_currency', 'fx') }} as fx_rate,
    {{ fx_rate_date('o.currency', 'brand.reporting_currency', utc_date('o.ordered_at'), 'fx') }} as fx_rate_date,
    {{ fx_source('o.currency', 'brand.reporting_currency', 'fx') }} as fx_source,
    o.voucher_code,
    o.customer_hash,
    o.customer_type,
    o._page_id,
    o._load_id,
    o._run_id
from {{ ref('int_orders__keyed') }} as o
cross join {{ source('config', 'brand') }} as brand
left join {{ ref('int_fx__daily') }} as fx
    on o.currency = fx.from_currency and {{ utc_date('o.ordered_at') }} = fx.on_date
