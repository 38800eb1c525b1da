-- The weight is rounded to a millionth before anything is added up, so every sum that follows is exact.
{{ credits(
    'time_decay',
    'greatest(round(1000000 * power(2, -seconds_before_order / (86400.0 * ' ~ var('half_life_days') ~ '))), 1)'
) }}
