-- Ordered by the shop's own clock, as the current version is.
with versions as (

    select
        shop || ':' || order_id as order_key,
        updated_at,
        _observed_at as observed_at,
        case
            when status = 'cancelled' then {{ money('0') }}
            else {{ money('subtotal - coalesce(discount, 0) - coalesce(refunded_subtotal, 0)') }}
        end as commissionable_amount,
        row_number() over (
            partition by _account_id, _key
            order by updated_at, _observed_at, _fetched_at, _row_hash
        ) as version_number
    from {{ source('valid_crm', 'orders') }}

),

compared as (

    select
        *,
        lag(commissionable_amount) over (partition by order_key order by version_number) as amount_before
    from versions

)

select
    order_key,
    cast(row_number() over (partition by order_key order by version_number) as integer) as change_number,
    updated_at as changed_at,
    observed_at,
    amount_before,
    commissionable_amount as amount_after
from compared
where version_number > 1 and amount_before is not null and amount_before <> commissionable_amount
