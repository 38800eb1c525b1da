with brand as (

    select reporting_currency from {{ source('config', 'brand') }}

),

-- An order without any known touch has a length of 0, so that every order is counted.
orders as (

    select
        p.touch_count,
        count(*) as orders,
        {{ sum_if_all_known('o.commissionable_amount_reporting') }} as order_amount_reporting
    from {{ ref('int_paths__of_orders') }} as p
    inner join {{ ref('fct_orders') }} as o on p.order_key = o.order_key
    group by p.touch_count

),

journeys as (

    select touch_count, sum(journeys) as journeys
    from {{ ref('int_paths__unconverted') }}
    group by touch_count

),

lengths as (

    select
        coalesce(orders.touch_count, journeys.touch_count) as touch_count,
        coalesce(orders.orders, 0) as orders,
        coalesce(journeys.journeys, 0) as journeys,
        case when orders.touch_count is null then 0 else orders.order_amount_reporting end as order_amount_reporting
    from orders
    full outer join journeys on orders.touch_count = journeys.touch_count

)

select
    cast(l.touch_count as integer) as touch_count,
    cast(l.orders as bigint) as orders,
    -- Nobody can count the visits that were never seen.
    cast(case when l.touch_count > 0 then l.journeys end as bigint) as journeys_without_order,
    {{ money('case when l.touch_count > 0 then ' ~ decimal_quotient('l.orders', 'l.orders + l.journeys') ~ ' end') }}
        as conversion_rate,
    {{ money('l.order_amount_reporting') }} as order_amount_reporting,
    brand.reporting_currency
from lengths as l
cross join brand
