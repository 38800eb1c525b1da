{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_orders'}}}) }}

-- The order stays as it was last told: that a record was removed or merged says nothing of the money. Somebody has to look.
select order_key, order_source, record_id, record_state
from {{ ref('fct_orders') }}
where record_state <> 'current'
