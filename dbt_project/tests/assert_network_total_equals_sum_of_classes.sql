{{ config(meta={'dagster': {'ref': {'name': 'rpt_finance_reconciliation_nightly'}}}) }}

-- Against what staging makes of the networks' rows: nothing is lost or doubled on the way to the report. Of a held
-- network the records are there, and no amount.
with told as (

    select
        c.network,
        c.account_id,
        c.sale_currency as currency,
        count(*) as records,
        sum(case when held.network is null then c.sale_amount end) as amount
    from {{ ref('int_conversions__keyed') }} as c
    left join {{ ref('int_networks__held') }} as held on c.network = held.network
    group by c.network, c.account_id, c.sale_currency

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
