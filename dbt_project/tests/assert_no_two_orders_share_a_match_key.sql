{{ config(severity='warn') }}

-- Where two orders normalise to one key, the id written alike wins, then the order nearest in time.
select order_match_key, count(*) as orders, min(order_key) as first_order, max(order_key) as last_order
from {{ ref('fct_orders') }}
where order_match_key is not null
group by order_match_key
having count(*) > 1
