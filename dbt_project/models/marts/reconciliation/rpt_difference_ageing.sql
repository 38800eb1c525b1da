-- Of a difference that nobody can see now, only its being there is told.
with differences as (

    select
        side,
        network,
        account_id,
        class,
        status,
        ageing_bucket,
        network_currency,
        order_currency,
        commission_currency,
        reporting_currency,
        opened_at,
        is_suspended,
        has_changed_since_decision,
        {% for amount in ['network_amount', 'order_amount', 'amount_difference', 'commission_at_risk',
                          'commission_at_risk_reporting'] -%}
        case when not is_suspended then {{ amount }} end as {{ amount }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('fct_differences') }}
    where status <> 'closed_by_data'

)

select
    side,
    network,
    account_id,
    class,
    status,
    ageing_bucket,
    network_currency,
    order_currency,
    commission_currency,
    reporting_currency,
    cast(count(*) as bigint) as records,
    cast(sum(case when is_suspended then 1 else 0 end) as bigint) as suspended_records,
    cast(sum(case when has_changed_since_decision then 1 else 0 end) as bigint) as changed_records,
    {{ money('sum(network_amount)') }} as network_amount,
    {{ money('sum(order_amount)') }} as order_amount,
    {{ money('sum(amount_difference)') }} as amount_difference,
    {{ money('sum(commission_at_risk)') }} as commission_at_risk,
    -- A sum that leaves out what has no rate would look complete: then it is unknown.
    case
        when sum(case when commission_at_risk is not null and commission_at_risk_reporting is null then 1 else 0 end) = 0
            then {{ money('sum(commission_at_risk_reporting)') }}
    end as commission_at_risk_reporting,
    min(opened_at) as oldest_opened_at
from differences
group by
    side, network, account_id, class, status, ageing_bucket, network_currency, order_currency, commission_currency,
    reporting_currency
