{{ config(materialized='table') }}

with shop_orders as (

    select shop, order_match_key, min(order_key) as order_key
    from (
        select shop, order_key, {{ normalised_order_id('order_id') }} as order_match_key
        from {{ ref('stg_crm__orders') }}
    ) as orders
    group by shop, order_match_key

),

ranked as (

    select
        r.*,
        shop_orders.order_key as shop_order_key,
        r.order_match_key is not null and coalesce(r.status, 'unknown') <> 'open' as is_order,
        row_number() over (
            partition by
                r.shop, r.order_match_key,
                case when r.order_match_key is not null and coalesce(r.status, 'unknown') <> 'open' then 1 else 0 end
            order by
                case r.record_state when 'current' then 0 when 'merged' then 1 when 'missing' then 2 else 3 end,
                r.source_position,
                r.updated_at desc,
                r.record_key
        ) as place
    from {{ ref('int_crm_records__judged') }} as r
    left join shop_orders on r.shop = shop_orders.shop and r.order_match_key = shop_orders.order_match_key

)

select
    ranked.*,
    is_order and shop_order_key is null and place = 1 as is_counted,
    case
        when order_match_key is null then 'no_order_id'
        when not is_order then 'open'
        when shop_order_key is not null then 'counted_by_shop'
        when place = 1 then 'counted'
        else 'counted_by_other_record'
    end as outcome,
    case
        when is_order then coalesce(shop_order_key, max(case when is_order and place = 1 then order_key end) over (
            partition by shop, order_match_key
        ))
    end as counted_order_key
from ranked
