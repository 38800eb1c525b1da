{{ config(meta={'dagster': {'ref': {'name': 'rpt_path_lengths'}}}) }}

with lengths as (

    select
        coalesce(sum(orders), 0) as orders,
        coalesce(sum(case when touch_count > 0 then orders end), 0) as orders_with_a_touch,
        coalesce(sum(journeys_without_order), 0) as journeys
    from {{ ref('rpt_path_lengths') }}

),

paths as (

    select coalesce(sum(conversions), 0) as orders, coalesce(sum(nulls), 0) as journeys
    from {{ ref('int_paths__aggregated') }}

),

known as (

    select count(*) as orders from {{ ref('fct_orders') }}

)

select lengths.*, known.orders as known_orders, paths.orders as orders_of_paths, paths.journeys as journeys_of_paths
from lengths
cross join paths
cross join known
where
    lengths.orders <> known.orders
    or lengths.orders_with_a_touch <> paths.orders
    or lengths.journeys <> paths.journeys
