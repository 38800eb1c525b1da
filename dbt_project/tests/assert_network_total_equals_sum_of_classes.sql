{{ config(meta={'dagster': {'ref': {'name': 'rpt_finance_reconciliation_nightly'}}}) }}

-- Against what staging makes of the networks' rows: nothing is lost or doubled on the way to the report.
with told as (

    select network, account_id, sale_currency as currency, count(*) as records, sum(sale_amount) as amount
    from {{ ref('int_conversions__keyed') }}
    group by network, account_id, sale_currency

),

reported as (

    select network, account_id, network_currency as currency, sum(records) as records, sum(network_amount) as amount
    from {{ ref('rpt_finance_reconciliation_nightly') }}
    where side = 'network'
    group by network, account_id, network_currency

)

select told.network, told.account_id, told.currency, told.records, reported.records as records_reported, told.amount,
    reported.amount as amount_reported
from told
full outer join reported
    on
        told.network = reported.network
        and told.account_id = reported.account_id
        and coalesce(told.currency, '') = coalesce(reported.currency, '')
where
    coalesce(told.records, 0) <> coalesce(reported.records, 0)
    or coalesce(told.amount, 0) <> coalesce(reported.amount, 0)
