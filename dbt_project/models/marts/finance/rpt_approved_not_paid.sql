-- Nothing of a held network is summed; that its records are there is told all the same.
with approved as (

    select
        a.network,
        a.account_id,
        a.publisher_id,
        a.commission_currency,
        a.reporting_currency,
        a.approved_ageing_bucket,
        a.approved_at,
        a.is_paid,
        held.withheld_reason,
        case when not a.is_withheld then a.publisher_commission end as publisher_commission,
        case when not a.is_withheld then a.publisher_commission_reporting end as publisher_commission_reporting
    from {{ ref('fct_commission_accruals') }} as a
    left join {{ ref('int_networks__held') }} as held on a.network = held.network
    where a.accrual_state = 'approved' and not coalesce(a.is_paid, false)

)

select
    network,
    account_id,
    publisher_id,
    commission_currency,
    approved_ageing_bucket,
    withheld_reason,
    cast(sum(case when not is_paid then 1 else 0 end) as bigint) as unpaid_records,
    {{ money('sum(case when not is_paid then publisher_commission end)') }} as unpaid_commission,
    cast(sum(case when is_paid is null then 1 else 0 end) as bigint) as payment_unknown_records,
    {{ money('sum(case when is_paid is null then publisher_commission end)') }} as payment_unknown_commission,
    min(approved_at) as oldest_approved_at,
    case
        when sum(case when not is_paid and publisher_commission is not null and publisher_commission_reporting is null then 1 else 0 end) = 0
            then {{ money('sum(case when not is_paid then publisher_commission_reporting end)') }}
    end as unpaid_commission_reporting,
    reporting_currency
from approved
group by
    network, account_id, publisher_id, commission_currency, approved_ageing_bucket, withheld_reason, reporting_currency
