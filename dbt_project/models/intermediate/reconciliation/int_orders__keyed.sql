{{ config(materialized='table') }}
{%- set columns = [
    'order_key', 'shop', 'order_id', 'ordered_at', 'updated_at', 'observed_at', 'status', 'currency', 'subtotal',
    'discount', 'shipping', 'tax', 'total', 'refunded', 'refunded_subtotal', 'commissionable_amount', 'gift_card',
    'item_count', 'voucher_code', 'customer_hash', 'customer_type', '_page_id', '_load_id', '_run_id',
] %}

with orders as (

    select
        {{ columns | join(',\n        ') }},
        {{ normalised_order_id('order_id') }} as order_match_key,
        'shop' as order_source,
        cast(null as varchar) as record_id,
        'current' as record_state
    from {{ ref('stg_crm__orders') }}
    union all
    select
        {{ columns | join(',\n        ') }},
        order_match_key,
        order_source,
        record_id,
        record_state
    from {{ ref('int_crm_records__placed') }}
    where is_counted

)

select
    o.*,
    currencies.minor_unit_digits,
    case when o.status in ('cancelled', 'refunded') then 'void' else 'live' end as expected_state
from orders as o
left join {{ ref('currencies') }} as currencies on o.currency = currencies.currency
