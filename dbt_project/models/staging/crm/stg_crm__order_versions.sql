-- Ordered by the shop's own clock, as the current version is.
select
    shop || ':' || order_id as order_key,
    shop,
    order_id,
    cast(row_number() over (
        partition by _account_id, _key
        order by updated_at, _observed_at, _fetched_at, _row_hash
    ) as integer) as version_number,
    updated_at as changed_at,
    _observed_at as observed_at,
    currency,
    {{ commissionable_amount('subtotal', ['cancelled']) }} as commissionable_amount,
    customer_hash
from {{ source('valid_crm', 'orders') }}
