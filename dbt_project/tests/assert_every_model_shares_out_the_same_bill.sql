{{ config(meta={'dagster': {'ref': {'name': 'rpt_publisher_value'}}}) }}

-- What a publisher gets is rounded to a millionth, hence the cent. Where a part is unknown or withheld, no sum is compared.
with billed as (

    select sum(c.publisher_commission_reporting) as bill
    from {{ ref('fct_conversions') }} as c
    where
        c.order_key is not null
        and not c.is_duplicate_claim
        and c.row_kind <> 'test'
        and not {{ is_void('c') }}

),

shared as (

    select attribution_model, sum(payout_under_model_reporting) as payout
    from {{ ref('rpt_publisher_value') }}
    group by attribution_model
    having count(*) = count(payout_under_model_reporting)

)

select shared.attribution_model, shared.payout, billed.bill
from shared
cross join billed
where abs(shared.payout - coalesce(billed.bill, 0)) > 0.01
