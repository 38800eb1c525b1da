-- The weight is rounded to a millionth before anything is added up, so every sum that follows is exact.
with weighted as (

    select
        order_key,
        touch_number,
        cast(greatest(
            round(1000000 * power(2, -seconds_before_order / (86400.0 * {{ var('half_life_days') }}))), 1
        ) as bigint) as weight
    from {{ ref('int_paths__built') }}

),

{{ credits_by_weight('weighted', 'order_key') }}
