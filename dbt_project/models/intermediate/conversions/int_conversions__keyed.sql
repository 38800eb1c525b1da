{{ config(materialized='table') }}

select
    *,
    {{ normalised_order_id('order_id') }} as order_match_key
from {{ ref('int_conversions__unioned') }}
