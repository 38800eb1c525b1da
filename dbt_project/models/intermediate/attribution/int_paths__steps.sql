{{ config(materialized='table') }}

select
    examples.path_number,
    touched.touch_number,
    touched.touch_count,
    touched.channel
from {{ ref('int_paths__aggregated') }} as examples
inner join {{ ref('int_paths__built') }} as touched on examples.example_order_key = touched.order_key
