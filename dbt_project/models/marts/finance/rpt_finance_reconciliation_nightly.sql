-- Nothing of a held network is summed; that its records are there is told all the same.
with diffs as (

    select
        d.side,
        d.network,
        d.account_id,
        d.class,
        d.root_cause,
        d.network_currency,
        d.order_currency,
        d.commission_currency,
        d.reporting_currency,
        held.withheld_reason,
        d.act_by_at,
        {% for amount in ['network_amount', 'order_amount', 'amount_difference', 'explained_amount',
                          'residual_amount', 'commission_at_risk',
                          'network_amount_reporting', 'order_amount_reporting', 'commission_at_risk_reporting'] -%}
        case when not d.is_withheld then d.{{ amount }} end as {{ amount }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('fct_reconciliation_diffs') }} as d
    left join {{ ref('int_networks__held') }} as held on d.network = held.network

)

select
    side,
    network,
    account_id,
    class,
    root_cause,
    network_currency,
    order_currency,
    commission_currency,
    reporting_currency,
    withheld_reason,
    cast(count(*) as bigint) as records,
    {{ money('sum(network_amount)') }} as network_amount,
    {{ money('sum(order_amount)') }} as order_amount,
    {{ money('sum(amount_difference)') }} as amount_difference,
    {{ money('sum(explained_amount)') }} as explained_amount,
    {{ money('sum(residual_amount)') }} as residual_amount,
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
from diffs
group by
    side, network, account_id, class, root_cause, network_currency, order_currency, commission_currency,
    reporting_currency, withheld_reason
