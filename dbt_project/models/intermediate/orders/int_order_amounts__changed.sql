{{ config(materialized='table') }}

with versions as (

    select order_key, version_number, changed_at, observed_at, currency, commissionable_amount
    from {{ ref('stg_crm__order_versions') }}
    union all
    -- An open record is no order yet, and a version with another number is a version of another one.
    select
        counted.order_key,
        v.version_number,
        v.changed_at,
        v.observed_at,
        v.currency,
        v.commissionable_amount
    from {{ ref('int_crm_records__placed') }} as counted
    inner join {{ ref('int_crm_record_versions__priced') }} as v
        on
            counted.record_key = v.record_key
            and counted.shop = v.shop
            and counted.order_match_key = v.order_match_key
    where counted.is_counted and coalesce(v.status, 'unknown') <> 'open'

),

-- Only known amounts in the order's present currency compare.
compared as (

    select
        v.*,
        lag(v.commissionable_amount) over (partition by v.order_key order by v.version_number) as amount_before
    from versions as v
    inner join {{ ref('int_orders__keyed') }} as o on v.order_key = o.order_key and v.currency = o.currency
    where v.commissionable_amount is not null

)

select
    order_key,
    cast(row_number() over (partition by order_key order by version_number) as integer) as change_number,
    changed_at,
    observed_at,
    amount_before,
    commissionable_amount as amount_after
from compared
where amount_before <> commissionable_amount
