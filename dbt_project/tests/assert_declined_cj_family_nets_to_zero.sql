{{ config(severity='warn') }}

-- DECLINED means fully corrected, so money left in the family is a correction that has not arrived.
select conversion_key, sale_amount, publisher_commission
from {{ ref('stg_cj__conversions') }}
where status = 'reversed' and (sale_amount <> 0 or publisher_commission <> 0)
