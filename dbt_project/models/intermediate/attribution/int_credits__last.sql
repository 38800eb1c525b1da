select
    order_key,
    'last' as attribution_model,
    touch_number,
    {{ money('1') }} as credit_fraction
from {{ ref('int_paths__built') }}
where touch_number = touch_count
