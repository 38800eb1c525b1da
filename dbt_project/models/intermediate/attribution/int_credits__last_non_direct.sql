-- Where every touch is direct, the last of them takes all.
select
    order_key,
    'last_non_direct' as attribution_model,
    coalesce(max(case when channel <> 'direct' then touch_number end), max(touch_number)) as touch_number,
    {{ money('1') }} as credit_fraction
from {{ ref('int_paths__built') }}
group by order_key
