{{ config(severity='warn') }}

-- CJ takes back by further rows: more taken back than was ever sold is an error of somebody's.
select conversion_key, sale_amount, publisher_commission
from {{ ref('int_conversions__keyed') }}
where network = 'cj' and (sale_amount < 0 or publisher_commission < 0)
