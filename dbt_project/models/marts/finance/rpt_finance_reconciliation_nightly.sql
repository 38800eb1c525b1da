select
    side,
    network,
    account_id,
    class,
    network_currency,
    order_currency,
    commission_currency,
    reporting_currency,
    cast(count(*) as bigint) as records,
    {{ money('sum(network_amount)') }} as network_amount,
    {{ money('sum(order_amount)') }} as order_amount,
    {{ money('sum(amount_difference)') }} as amount_difference,
    {{ money('sum(commission_at_risk)') }} as commission_at_risk,
    -- A sum that leaves out what has no rate would look complete: then it is unknown.
    case
        when sum(case when network_amount is not null and network_amount_reporting is null then 1 else 0 end) = 0
            then {{ money('sum(network_amount_reporting)') }}
    end as network_amount_reporting,
    case
        when sum(case when order_amount is not null and order_amount_reporting is null then 1 else 0 end) = 0
            then {{ money('sum(order_amount_reporting)') }}
    end as order_amount_reporting,
    case
        when sum(case when commission_at_risk is not null and commission_at_risk_reporting is null then 1 else 0 end) = 0
            then {{ money('sum(commission_at_risk_reporting)') }}
    end as commission_at_risk_reporting,
    min(act_by_at) as earliest_act_by_at
from {{ ref('fct_reconciliation_diffs') }}
group by
    side, network, account_id, class, network_currency, order_currency, commission_currency, reporting_currency
