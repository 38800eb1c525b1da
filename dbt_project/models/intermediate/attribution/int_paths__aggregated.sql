{{ config(materialized='table') }}

with counted as (

    select
        path,
        touch_count,
        cast(sum(case when ended_by = 'order' then 1 else 0 end) as bigint) as conversions,
        cast(sum(case when ended_by = 'order' then 0 else 1 end) as bigint) as nulls,
        min(case when ended_by = 'order' then ended_key end) as example_order_key
    from {{ ref('int_paths__sequenced') }}
    group by path, touch_count

)

select
    cast(row_number() over (order by path) as integer) as path_number,
    *
from counted
