{{ config(severity='warn') }}

-- Lines of one order and publisher are added up, which is right only within one currency.
select
    _account_id,
    order_id,
    publisher_id,
    min(currency) as one_currency,
    max(currency) as other_currency
from {{ source('valid_rakuten', 'ledger') }}
where order_id is not null
group by _account_id, order_id, publisher_id
having min(currency) <> max(currency)
