{{ config(meta={'dagster': {'ref': {'name': 'rpt_finance_reconciliation_nightly'}}}) }}

with told as (

    select currency, count(*) as records, sum(commissionable_amount) as amount
    from {{ ref('int_orders__keyed') }}
    group by currency

),

reported as (

    select order_currency as currency, sum(records) as records, sum(order_amount) as amount
    from {{ ref('rpt_finance_reconciliation_nightly') }}
    where side = 'order'
    group by order_currency

)

select told.currency, told.records, reported.records as records_reported, told.amount, reported.amount as amount_reported
from told
full outer join reported on coalesce(told.currency, '') = coalesce(reported.currency, '')
where
    coalesce(told.records, 0) <> coalesce(reported.records, 0)
    or coalesce(told.amount, 0) <> coalesce(reported.amount, 0)
