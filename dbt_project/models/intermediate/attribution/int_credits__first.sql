{{ credits('first', 'case when touch_number = 1 then 1 else 0 end') }}
