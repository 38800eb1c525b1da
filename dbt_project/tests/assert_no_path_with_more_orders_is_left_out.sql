{{ config(meta={'dagster': {'ref': {'name': 'rpt_top_paths'}}}) }}

with listed as (

    select count(*) as paths, min(orders) as fewest from {{ ref('rpt_top_paths') }}

)

select counted.path, counted.conversions, top.orders
from {{ ref('int_paths__aggregated') }} as counted
cross join listed
left join {{ ref('rpt_top_paths') }} as top on counted.path = top.path and counted.touch_count = top.touch_count
where
    (top.path is not null and (top.orders <> counted.conversions or top.journeys_without_order <> counted.nulls))
    or (top.path is null and counted.conversions > case when listed.paths < 100 then 0 else listed.fewest end)
