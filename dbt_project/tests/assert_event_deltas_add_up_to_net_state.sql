{{ config(meta={'dagster': {'ref': {'name': 'conversion_events'}}}) }}

select c.conversion_key, c.sale_amount, e.sale_amount as sale_amount_of_events, c.publisher_commission,
    e.publisher_commission as commission_of_events
from {{ ref('fct_conversions') }} as c
left join (
    select
        conversion_key,
        sum(sale_amount_delta) as sale_amount,
        sum(publisher_commission_delta) as publisher_commission
    from {{ ref('conversion_events') }}
    group by conversion_key
) as e on c.conversion_key = e.conversion_key
where
    e.conversion_key is null
    or coalesce(c.sale_amount, 0) <> coalesce(e.sale_amount, 0)
    or coalesce(c.publisher_commission, 0) <> coalesce(e.publisher_commission, 0)
