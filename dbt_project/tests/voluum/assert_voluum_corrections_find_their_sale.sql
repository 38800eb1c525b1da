{{ config(severity='warn') }}

-- Nothing but its click and the beginning of its transaction id ties a correction to a sale.
select conversion_key, publisher_commission
from {{ ref('stg_voluum__conversions') }}
where row_kind = 'adjustment'
