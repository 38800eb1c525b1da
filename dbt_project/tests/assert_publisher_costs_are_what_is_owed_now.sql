{{ config(meta={'dagster': {'ref': {'name': 'fct_publisher_costs'}}}) }}

-- All changes of a conversion together are its commission as it stands, nothing where it is void.
with owed as (

    select
        network,
        account_id,
        publisher_id,
        publisher_commission_currency as cost_currency,
        sum(case when {{ is_void('c') }} then 0 else coalesce(publisher_commission, 0) end) as owed_commission
    from {{ ref('fct_conversions') }} as c
    where row_kind <> 'test' and not is_withheld
    group by network, account_id, publisher_id, publisher_commission_currency

),

told as (

    select network, account_id, publisher_id, cost_currency, sum(commission_change) as told_commission
    from {{ ref('fct_publisher_costs') }}
    where withheld_reason is null
    group by network, account_id, publisher_id, cost_currency

)

select owed.*, told.told_commission
from owed
left join told
    on
        owed.network = told.network
        and owed.account_id = told.account_id
        and owed.publisher_id is not distinct from told.publisher_id
        and owed.cost_currency is not distinct from told.cost_currency
where owed.owed_commission <> coalesce(told.told_commission, 0)
