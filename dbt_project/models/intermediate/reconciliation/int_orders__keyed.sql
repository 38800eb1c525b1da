{{ config(materialized='table') }}

select
    *,
    case when status in ('cancelled', 'refunded') then 'void' else 'live' end as expected_state,
    {{ normalised_order_id('order_id') }} as order_match_key
from {{ ref('stg_crm__orders') }}
