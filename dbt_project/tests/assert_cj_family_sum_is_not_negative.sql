{{ config(severity='warn') }}

-- CJ takes back by further rows: more taken back than was ever sold is an error of somebody's.
select conversion_key, sale_amount, publisher_commission
from {{ ref('stg_cj__conversions') }}
where sale_amount < 0 or publisher_commission < 0
