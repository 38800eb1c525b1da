{{ config(materialized='table') }}

select
    'order' as ended_by,
    order_key as ended_key,
    touch_count,
    {{ dbt.listagg('channel', "' > '", 'order by touch_number') }} as path
from {{ ref('int_paths__built') }}
group by order_key, touch_count

union all

select
    'pause' as ended_by,
    journey_key as ended_key,
    touch_count,
    {{ dbt.listagg('channel', "' > '", 'order by touch_number') }} as path
from {{ ref('int_paths__unconverted') }}
group by journey_key, touch_count
