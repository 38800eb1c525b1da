{{ config(meta={'dagster': {'ref': {'name': 'fct_commission_differences'}}}) }}

-- A term must not multiply or lose a sale.
select coalesce(c.conversion_key, d.conversion_key) as conversion_key
from {{ ref('int_conversions__measured') }} as c
full outer join {{ ref('fct_commission_differences') }} as d on c.conversion_key = d.conversion_key
where c.conversion_key is null or d.conversion_key is null
