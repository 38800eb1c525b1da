{{ config(meta={'dagster': {'ref': {'name': 'rpt_finance_reconciliation_nightly'}}}) }}

-- Of an order whose verdict hangs on a held network the record is there, and no amount.
with withheld as (

    select distinct order_key
    from {{ ref('fct_reconciliation_diffs') }}
    where side = 'order' and is_withheld

),

told as (

    select
        o.currency,
        count(*) as records,
        sum(case when withheld.order_key is null then o.commissionable_amount end) as amount
    from {{ ref('int_orders__keyed') }} as o
    left join withheld on o.order_key = withheld.order_key
    group by o.currency

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
