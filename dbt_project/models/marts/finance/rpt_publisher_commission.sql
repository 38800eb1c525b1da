-- Nothing of a held network is summed; that its records are there is told all the same.
with differences as (

    select
        d.network,
        d.account_id,
        d.publisher_id,
        d.commission_currency,
        d.month_date,
        held.withheld_reason,
        d.locks_at,
        d.is_recoverable and d.commission_difference > 0 and not d.is_withheld as is_money_to_recover,
        d.commission_difference is not null as is_compared,
        {% for amount in ['reported_commission', 'expected_commission', 'commission_difference',
                          'unexplained_commission'] -%}
        case when not d.is_withheld then d.{{ amount }} end as {{ amount }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('fct_commission_differences') }} as d
    left join {{ ref('int_networks__held') }} as held on d.network = held.network

)

select
    network,
    account_id,
    publisher_id,
    commission_currency,
    month_date,
    withheld_reason,
    cast(count(*) as bigint) as records,
    cast(sum(case when is_compared then 1 else 0 end) as bigint) as compared_records,
    {{ money('sum(reported_commission)') }} as reported_commission,
    {{ money('sum(case when is_compared then reported_commission end)') }} as compared_commission,
    {{ money('sum(case when is_compared then expected_commission end)') }} as expected_commission,
    {{ money('sum(case when commission_difference > 0 then commission_difference when is_compared then 0 * commission_difference end)') }}
        as overpaid_commission,
    {{ money('sum(case when commission_difference < 0 then -commission_difference when is_compared then 0 * commission_difference end)') }}
        as underpaid_commission,
    {{ money('sum(case when is_money_to_recover then commission_difference when is_compared then 0 * commission_difference end)') }}
        as recoverable_commission,
    {{ money('sum(unexplained_commission)') }} as unexplained_commission,
    min(case when is_money_to_recover then locks_at end) as first_recover_by_at,
    max(case when is_money_to_recover then locks_at end) as last_recover_by_at
from differences
group by network, account_id, publisher_id, commission_currency, month_date, withheld_reason
