{{ config(meta={'dagster': {'ref': {'name': 'fct_commission_differences'}}}) }}

-- Reported less expected is the difference, its parts sum up to it, and what is as agreed is so to the smallest unit.
select d.conversion_key, d.expected_commission, d.reported_commission, d.commission_difference, d.commission_reason
from {{ ref('fct_commission_differences') }} as d
left join {{ ref('currencies') }} as currencies on d.commission_currency = currencies.currency
where
    coalesce(d.commission_difference, 0) <> coalesce(d.reported_commission - d.expected_commission, 0)
    or coalesce(d.commission_difference, 0) <> coalesce(d.explained_commission + d.unexplained_commission, 0)
    or (d.commission_reason = 'as_agreed') <> coalesce(
        {{ round_to_minor_unit('d.reported_commission', 'currencies.minor_unit_digits') }}
        = {{ round_to_minor_unit('d.expected_commission', 'currencies.minor_unit_digits') }}, false
    )
    or (d.commission_reason <> 'unexplained' and d.commission_reason not in ('voucher_not_authorised', 'outside_click_window')
        and d.unexplained_commission <> 0)
    or (d.expected_commission is null) <> (d.commission_reason in (
        'order_unknown', 'no_term_known', 'currency_differs', 'amount_unknown'
    ) or (d.commission_reason = 'commission_not_told' and d.expected_commission is null))
