select
    order_key,
    'first' as attribution_model,
    touch_number,
    {{ money('1') }} as credit_fraction
from {{ ref('int_paths__built') }}
where touch_number = 1
