{{ config(severity='warn') }}

-- DECLINED means fully corrected, so money left in the family is a correction that has not arrived.
select conversion_key, sale_amount, publisher_commission
from {{ ref('int_conversions__keyed') }}
where network = 'cj' and status = 'reversed' and (sale_amount <> 0 or publisher_commission <> 0)
