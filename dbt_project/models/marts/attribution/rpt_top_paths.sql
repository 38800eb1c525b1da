with brand as (

    select reporting_currency from {{ source('config', 'brand') }}

),

paths as (

    select
        p.path,
        p.touch_count,
        sum(case when p.ended_by = 'order' then 1 else 0 end) as orders,
        sum(case when p.ended_by = 'pause' then 1 else 0 end) as journeys,
        case
            when sum(case when p.ended_by = 'order' and o.commissionable_amount_reporting is null then 1 else 0 end) = 0
                then sum(case when p.ended_by = 'order' then o.commissionable_amount_reporting else 0 end)
        end as order_amount_reporting
    from {{ ref('int_paths__sequenced') }} as p
    left join {{ ref('fct_orders') }} as o on case when p.ended_by = 'order' then p.ended_key end = o.order_key
    group by p.path, p.touch_count

),

ranked as (

    select
        *,
        row_number() over (order by orders desc, journeys, touch_count, path) as path_rank
    from paths
    where orders > 0

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
