select distinct
    touch_count,
    touch_number,
    {{ money('1') }} as credit_fraction
from {{ ref('int_paths__steps') }}
where touch_number = 1
