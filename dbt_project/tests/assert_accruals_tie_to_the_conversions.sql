{{ config(meta={'dagster': {'ref': {'name': 'rpt_accrual_by_month'}}}) }}

-- What is pending, approved and untold is the commission of all conversions that are not void, by network and currency.
with owed as (

    select network, publisher_commission_currency as commission_currency, sum(publisher_commission) as commission
    from {{ ref('fct_conversions') }} as c
    where row_kind <> 'test' and not is_withheld and not {{ is_void('c') }}
    group by network, publisher_commission_currency

),

told as (

    select
        network,
        commission_currency,
        sum(pending_commission + approved_commission + untold_commission) as commission
    from {{ ref('rpt_accrual_by_month') }}
    where withheld_reason is null
    group by network, commission_currency

)

select owed.*, told.commission as told_commission
from owed
left join told
    on owed.network = told.network and owed.commission_currency is not distinct from told.commission_currency
where owed.commission is distinct from told.commission
