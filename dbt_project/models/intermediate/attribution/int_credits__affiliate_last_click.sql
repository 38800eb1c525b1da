-- As networks pay: whatever came after it, the last affiliate touch takes all; without one, nobody is paid.
select
    path_number,
    max(touch_number) as touch_number,
    {{ money('1') }} as credit_fraction
from {{ ref('int_paths__steps') }}
where channel = 'affiliate'
group by path_number
