{{ config(meta={'dagster': {'ref': {'name': 'fct_duplicate_claims'}}}) }}

select g.order_key, g.claims, g.survivors, coalesce(l.losers, 0) as losers
from (
    select order_key, max(claims) as claims, count(distinct winner_conversion_key) as survivors
    from {{ ref('int_claims__ranked') }}
    where is_claim
    group by order_key
) as g
left join (
    select order_key, count(*) as losers
    from {{ ref('fct_duplicate_claims') }}
    group by order_key
) as l on g.order_key = l.order_key
where g.survivors <> 1 or g.claims <> coalesce(l.losers, 0) + 1
