-- As networks pay: whatever came after it, the last affiliate touch takes all; without one, nobody is paid.
select
    order_key,
    'affiliate_last_click' as attribution_model,
    max(touch_number) as touch_number,
    {{ money('1') }} as credit_fraction
from {{ ref('int_paths__built') }}
where channel = 'affiliate'
group by order_key
