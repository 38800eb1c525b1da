-- Nothing of a held network is summed; that its records are there is told all the same.
with accruals as (

    select
        a.network,
        a.account_id,
        a.commission_currency,
        a.month_date,
        a.reporting_currency,
        a.accrual_state,
        a.is_paid,
        a.approval_rate_source,
        a.accrual_state = 'pending' and a.approval_rate is null as is_unrated,
        held.withheld_reason,
        {% for amount in ['publisher_commission', 'accrued_commission', 'accrued_commission_reporting'] -%}
        case when not a.is_withheld then a.{{ amount }} end as {{ amount }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('fct_commission_accruals') }} as a
    left join {{ ref('int_networks__held') }} as held on a.network = held.network

),

summed as (

    select
        network,
        account_id,
        commission_currency,
        month_date,
        reporting_currency,
        withheld_reason,
        count(*) as records,
        sum(case when accrual_state = 'pending' then 1 else 0 end) as pending_records,
        sum(case when is_unrated then 1 else 0 end) as unrated_records,
        sum(case when approval_rate_source = 'network' then 1 else 0 end) as records_at_network_rate,
        {{ sum_of('publisher_commission', "accrual_state = 'pending'") }} as pending_commission,
        sum(accrued_commission) as accrued_sum,
        sum(case when accrual_state = 'pending' and publisher_commission is not null and accrued_commission is null then 1 else 0 end)
            as unaccrued_records,
        {{ sum_of('publisher_commission', "accrual_state = 'approved'") }} as approved_commission,
        {{ money("sum(case when accrual_state = 'approved' and is_paid then publisher_commission
            when accrual_state = 'approved' and not is_paid then 0 * publisher_commission end)") }} as paid_commission,
        {{ sum_of('publisher_commission', "accrual_state = 'approved' and is_paid is null") }}
            as payment_unknown_commission,
        {{ sum_of('publisher_commission', "accrual_state = 'untold'") }} as untold_commission,
        sum(accrued_commission_reporting) as accrued_reporting_sum,
        sum(case when accrued_commission is not null and accrued_commission_reporting is null then 1 else 0 end)
            as records_without_rate_of_exchange
    from accruals
    group by network, account_id, commission_currency, month_date, reporting_currency, withheld_reason

)

select
    network,
    account_id,
    commission_currency,
    month_date,
    withheld_reason,
    cast(records as bigint) as records,
    cast(pending_records as bigint) as pending_records,
    cast(records_at_network_rate as bigint) as records_at_network_rate,
    cast(unrated_records as bigint) as unrated_records,
    pending_commission,
    -- A sum that leaves out what has no rate would look complete: then it is unknown.
    case
        when unaccrued_records > 0 then null
        when pending_records = 0 then 0 * pending_commission
        else {{ money('accrued_sum') }}
    end as accrued_commission,
    case when unaccrued_records = 0 then {{ ratio('accrued_sum', 'pending_commission') }} end as accrued_rate,
    approved_commission,
    paid_commission,
    payment_unknown_commission,
    untold_commission,
    case
        when unaccrued_records > 0 or records_without_rate_of_exchange > 0 then null
        when pending_records = 0 then 0 * pending_commission
        else {{ money('accrued_reporting_sum') }}
    end as accrued_commission_reporting,
    reporting_currency
from summed
