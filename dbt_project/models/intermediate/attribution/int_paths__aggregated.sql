{{ config(materialized='table') }}

with ended as (

    select path, touch_count, 1 as conversions, 0 as nulls, order_key
    from {{ ref('int_paths__sequenced') }}
    union all
    select path, touch_count, 0 as conversions, journeys as nulls, null as order_key
    from {{ ref('int_paths__unconverted') }}

),

counted as (

    select
        path,
        touch_count,
        cast(sum(conversions) as bigint) as conversions,
        cast(sum(nulls) as bigint) as nulls,
        min(order_key) as example_order_key
    from ended
    group by path, touch_count

)

select
    cast(row_number() over (order by path) as integer) as path_number,
    *
from counted
