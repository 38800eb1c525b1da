{{ config(meta={'dagster': {'ref': {'name': 'fct_reconciliation_diffs'}}}) }}

select o.order_key, count(d.diff_key) as classes
from {{ ref('fct_orders') }} as o
left join {{ ref('fct_reconciliation_diffs') }} as d
    on o.order_key = d.order_key and d.side = 'order' and d.class is not null
group by o.order_key
having count(d.diff_key) <> 1
