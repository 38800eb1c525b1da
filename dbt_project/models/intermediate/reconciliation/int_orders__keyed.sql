{{ config(materialized='table') }}

select
    o.*,
    currencies.minor_unit_digits,
    case when o.status in ('cancelled', 'refunded') then 'void' else 'live' end as expected_state,
    {{ normalised_order_id('o.order_id') }} as order_match_key
from {{ ref('stg_crm__orders') }} as o
left join {{ ref('currencies') }} as currencies on o.currency = currencies.currency
