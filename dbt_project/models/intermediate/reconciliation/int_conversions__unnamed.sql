{{ config(materialized='table') }}

select
    c.conversion_key,
    c.network,
    c.account_id,
    c.publisher_id,
    c.click_id,
    c.clicked_at,
    c.occurred_at,
    c.sale_amount,
    c.sale_currency,
    c.tracked_amount,
    c.tracked_currency,
    {{ voucher_word('c.voucher_code') }} as voucher_code
from {{ ref('int_conversions__keyed') }} as c
left join {{ ref('int_pairs__named') }} as named on c.conversion_key = named.conversion_key
where
    named.conversion_key is null
    -- An id that nobody knows is a finding, not a gap: such a sale is never given to another order.
    and {{ is_no_order_id('c.order_id') }}
    and c.row_kind = 'original'
    and not {{ is_void('c') }}
