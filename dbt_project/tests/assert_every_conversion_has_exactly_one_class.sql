{{ config(meta={'dagster': {'ref': {'name': 'fct_reconciliation_diffs'}}}) }}

select c.conversion_key, count(d.diff_key) as classes
from {{ ref('fct_conversions') }} as c
left join {{ ref('fct_reconciliation_diffs') }} as d
    on c.conversion_key = d.conversion_key and d.side = 'network' and d.class is not null
group by c.conversion_key
having count(d.diff_key) <> 1
