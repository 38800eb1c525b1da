-- 30 % each to the first, the middle and the last touch, the other 10 % to those between; of three touches a third each.
{{ credits_by_position("case
    when touch_count <= 3 then 1
    when touch_number in (1, " ~ whole_quotient('touch_count + 1', '2') ~ ", touch_count) then 3 * (touch_count - 3)
    else 1
end") }}
