-- 40 % each to the first and the last touch, the other 20 % to those between; of two touches half each.
{{ credits_by_position('case when touch_number in (1, touch_count) and touch_count > 2 then 2 * (touch_count - 2) else 1 end') }}
