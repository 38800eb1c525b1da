{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_conversions'}}}) }}

-- Where the network tells no currency, the account's must be configured.
select conversion_key as record_key, network
from {{ ref('fct_conversions') }}
where
    (sale_amount is not null and sale_currency is null)
    or (publisher_commission is not null and publisher_commission_currency is null)
union all
select order_key as record_key, 'crm' as network
from {{ ref('fct_orders') }}
where commissionable_amount is not null and currency is null
