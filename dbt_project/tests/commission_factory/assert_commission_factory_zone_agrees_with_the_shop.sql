{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_conversions'}}}) }}

-- A sale is created within minutes of its order. An account whose sales are all half an hour or more away from theirs
-- has another zone than its `time_zone` says.
select account_id, count(*) as sales, min(minutes_apart) as least_minutes_apart
from (
    select c.account_id, abs({{ dbt.datediff('o.ordered_at', 'c.occurred_at', 'minute') }}) as minutes_apart
    from {{ ref('fct_conversions') }} as c
    inner join {{ ref('fct_orders') }} as o on c.order_key = o.order_key
    where c.network = 'commission_factory'
) as compared
group by account_id
having count(*) >= 5 and min(minutes_apart) >= 30
