-- Where every touch is direct, the last of them takes all.
select
    path_number,
    coalesce(max(case when channel <> 'direct' then touch_number end), max(touch_number)) as touch_number,
    {{ money('1') }} as credit_fraction
from {{ ref('int_paths__steps') }}
group by path_number
