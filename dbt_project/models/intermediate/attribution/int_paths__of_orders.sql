{{ config(materialized='table') }}

select
    o.order_key,
    o.shop,
    o.order_id,
    o.ordered_at,
    o.currency,
    o.minor_unit_digits,
    o.fx_rate,
    o.reporting_currency,
    {{ round_to_minor_unit('o.commissionable_amount', 'o.minor_unit_digits') }} as amount,
    -- A negative amount is split by its size and signed again afterwards.
    abs({{ minor_units('o.commissionable_amount', 'o.minor_unit_digits') }}) as units,
    examples.path_number,
    coalesce(examples.touch_count, 0) as touch_count
from {{ ref('fct_orders') }} as o
left join {{ ref('int_paths__sequenced') }} as sequences on o.order_key = sequences.order_key
left join {{ ref('int_paths__aggregated') }} as examples on sequences.path = examples.path
