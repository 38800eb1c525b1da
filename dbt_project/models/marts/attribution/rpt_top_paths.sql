with brand as (

    select reporting_currency from {{ source('config', 'brand') }}

),

amounts as (

    select p.path_number, {{ sum_if_all_known('o.commissionable_amount_reporting') }} as order_amount_reporting
    from {{ ref('int_paths__of_orders') }} as p
    inner join {{ ref('fct_orders') }} as o on p.order_key = o.order_key
    group by p.path_number

),

ranked as (

    select
        p.path,
        p.touch_count,
        p.conversions as orders,
        p.nulls as journeys,
        amounts.order_amount_reporting,
        row_number() over (order by p.conversions desc, p.nulls, p.touch_count, p.path) as path_rank
    from {{ ref('int_paths__aggregated') }} as p
    inner join amounts on p.path_number = amounts.path_number

)

select
    cast(r.path_rank as integer) as path_rank,
    r.path,
    cast(r.touch_count as integer) as touch_count,
    cast(r.orders as bigint) as orders,
    cast(r.journeys as bigint) as journeys_without_order,
    {{ money(decimal_quotient('r.orders', 'r.orders + r.journeys')) }} as conversion_rate,
    {{ money('r.order_amount_reporting') }} as order_amount_reporting,
    brand.reporting_currency
from ranked as r
cross join brand
where r.path_rank <= 100
