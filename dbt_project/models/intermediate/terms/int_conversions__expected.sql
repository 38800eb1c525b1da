{{ config(materialized='table') }}
{%- set reported = round_to_minor_unit('reported_commission', 'minor_unit_digits') %}

with winners as (

    select
        conversion_key,
        min(case when holds then term_rank end) as term_rank,
        min(case when may_hold then term_rank end) as possible_rank
    from {{ ref('int_terms__matched') }}
    where holds or may_hold
    group by conversion_key

),

agreed as (

    select
        c.*,
        t.term_id,
        t.scope_rank,
        t.term_account_id,
        t.term_customer_type,
        t.term_voucher_code,
        t.tier_from_amount,
        t.commission_rate,
        t.flat_amount,
        t.base,
        t.base_amount,
        t.cap_per_order_amount,
        t.cap_per_month_amount,
        t.network_fee_rate,
        t.uncapped_commission,
        t.capped_commission,
        -- A term whose amounts are in another currency than the commission says nothing about it.
        t.term_id is not null
        and coalesce(t.term_currency <> c.commission_currency, true)
        and (
            c.row_kind = 'bonus'
            or coalesce(t.flat_amount, t.tier_from_amount, t.cap_per_order_amount, t.cap_per_month_amount) is not null
        ) as is_term_of_another_currency,
        coalesce(winners.possible_rank < winners.term_rank, false) as is_tier_unknown,
        c.row_kind = 'original' and c.voucher_code is not null and not t.is_voucher_allowed as is_voucher_refused,
        c.row_kind = 'original' and c.seconds_since_click > t.click_window_days * 86400 as is_outside_click_window
    from {{ ref('int_conversions__measured') }} as c
    left join winners on c.conversion_key = winners.conversion_key
    left join {{ ref('int_terms__matched') }} as t
        on c.conversion_key = t.conversion_key and winners.term_rank = t.term_rank and t.holds

),

owed as (

    select
        *,
        case
            -- What is not expected uses nothing of the month's cap either.
            when row_kind = 'original' and order_key is null then null
            when is_order_void and row_kind = 'original' then {{ money('0') }}
            when is_voucher_refused or is_outside_click_window then {{ money('0') }}
            when is_term_of_another_currency or is_tier_unknown then null
            else capped_commission
        end as owed_before_month_cap
    from agreed

),

added_up as (

    select
        *,
        sum(coalesce(owed_before_month_cap, 0)) over (
            partition by
                cap_per_month_amount, network, account_id, publisher_id, commission_currency, row_kind, month_date
            order by occurred_at, conversion_key
            rows between unbounded preceding and current row
        ) as owed_in_month
    from owed

),

expecting as (

    select
        *,
        -- What is left of the month's cap when the publisher's sales are taken in their order. Terms with the same cap,
        -- such as the tiers of one contract, share it.
        case
            when cap_per_month_amount is null or row_kind = 'bonus' then owed_before_month_cap
            else {{ money(
                capped('owed_in_month', 'cap_per_month_amount') ~ ' - '
                ~ capped('(owed_in_month - owed_before_month_cap)', 'cap_per_month_amount')
            ) }}
        end as expected_commission
    from added_up

),

-- The terms that hold for the same publisher, and would have come to what the network reports.
others as (

    select
        c.conversion_key,
        min(case
            when t.fits_time and t.fits_voucher and t.term_customer_type <> c.customer_type
                then t.term_id
        end) as customer_term_id,
        min(case
            when
                t.fits_time and t.fits_voucher and t.fits_customer
                and t.scope_rank = c.scope_rank
                and coalesce(t.tier_from_amount, 0) <> coalesce(c.tier_from_amount, 0)
                then t.term_id
        end) as tier_term_id,
        min(t.term_id) as term_id
    from expecting as c
    inner join {{ ref('int_terms__matched') }} as t
        on c.conversion_key = t.conversion_key and c.term_id <> t.term_id and t.says_what_is_owed
    where c.row_kind = 'original' and t.capped_commission = {{ round_to_minor_unit('c.reported_commission', 'c.minor_unit_digits') }}
    group by c.conversion_key

),

compared as (

    select
        e.*,
        {{ money('e.reported_commission - e.expected_commission') }} as commission_difference,
        others.customer_term_id,
        others.tier_term_id,
        others.term_id as other_term_id,
        {{ reported }} as reported_rounded,
        case
            when e.commission_rate is null or e.expected_commission is null then null
            {% for other in possible_bases() -%}
            when {{ capped(commission_of('e.' ~ other ~ '_amount', 'e.commission_rate', 'e.flat_amount', 'e.minor_unit_digits'),
                           'e.cap_per_order_amount') }} = {{ reported }}
                and e.{{ other }}_amount <> e.base_amount
                then '{{ other }}'
            {% endfor -%}
        end as other_base,
        case when e.flat_amount is null then {{ ratio('e.reported_commission', 'e.base_amount') }} end as paid_rate
    from expecting as e
    left join others on e.conversion_key = others.conversion_key

),

rates as (

    select
        *,
        {{ whole_half_percents('paid_rate') }} as half_percents,
        {{ money('commission_rate + ' ~ whole_half_percents('paid_rate - commission_rate')) }} as half_percents_off
    from compared

),

fitting as (

    select
        *,
        other_base is not null as fits_base,
        -- Any amount is some rate of its base; only these are evidence.
        coalesce(
            other_term_id is not null
            or (base_amount > 0 and reported_rounded in (
                {{ commission_of('base_amount', 'half_percents', 'null', 'minor_unit_digits') }},
                {{ commission_of('base_amount', 'half_percents_off', 'null', 'minor_unit_digits') }}
            )),
            false
        ) as fits_rate
    from rates

),

reasoned as (

    select
        *,
        case
            when reported_commission is null then 'commission_not_told'
            when row_kind = 'bonus' and term_id is null then 'no_term_known'
            when row_kind = 'original' and order_key is null then 'order_unknown'
            when row_kind = 'original' and term_id is null and not is_order_void then 'no_term_known'
            when expected_commission is null and is_tier_unknown and base_amount is not null then 'tier_unknown'
            when expected_commission is null and is_convertible and not is_term_of_another_currency
                then 'amount_unknown'
            when expected_commission is null then 'currency_differs'
            when reported_rounded = {{ round_to_minor_unit('expected_commission', 'minor_unit_digits') }} then 'as_agreed'
            when row_kind = 'bonus' then 'bonus_differs'
            when is_order_void then 'order_void'
            when is_voucher_refused then 'voucher_not_authorised'
            when is_outside_click_window then 'outside_click_window'
            when reported_rounded in (uncapped_commission, capped_commission) then 'cap_ignored'
            when customer_term_id is not null and customer_type = 'returning' then 'returning_paid_as_new'
            when customer_term_id is not null then 'new_paid_as_returning'
            when tier_term_id is not null then 'wrong_tier'
            when fits_base then 'wrong_base'
            when
                abs({{ minor_units('commission_difference', 'minor_unit_digits') }}) <= 1 then 'rounding'
            when fits_rate then 'wrong_rate'
            else 'unexplained'
        end as commission_reason
    from fitting

),

explained as (

    select
        *,
        case
            -- What is more than the forbidden commission has another cause too; a term that only forbids tells none.
            when
                commission_reason in ('voucher_not_authorised', 'outside_click_window')
                and (commission_rate is not null or flat_amount is not null)
                then {{ money('coalesce(capped_commission, 0)') }}
            when commission_reason = 'unexplained' then {{ money('0') }}
            else commission_difference
        end as explained_commission
    from reasoned

)

select
    conversion_key,
    network,
    account_id,
    publisher_id,
    row_kind,
    order_key,
    occurred_at,
    month_date,
    customer_type,
    voucher_code,
    term_id,
    commission_rate,
    flat_amount,
    base,
    base_amount,
    month_sales_before_amount,
    expected_commission,
    reported_commission,
    commission_currency,
    commission_difference,
    commission_reason,
    case
        -- Another term's rate is no second reason beside that term.
        when
            commission_reason in (
                'returning_paid_as_new', 'new_paid_as_returning', 'wrong_tier', 'wrong_base', 'wrong_rate'
            )
            then concat_ws(
                ', ',
                case
                    when customer_term_id is not null and customer_type = 'returning' then 'returning_paid_as_new'
                    when customer_term_id is not null then 'new_paid_as_returning'
                end,
                case when tier_term_id is not null then 'wrong_tier' end,
                case when fits_base then 'wrong_base' end,
                case when fits_rate and coalesce(customer_term_id, tier_term_id) is null then 'wrong_rate' end
            )
    end as fitting_reasons,
    case when commission_difference is not null then explained_commission end as explained_commission,
    {{ money('commission_difference - explained_commission') }} as unexplained_commission,
    paid_rate,
    case
        when commission_reason = 'wrong_base' then other_base
    end as paid_on_base,
    case
        when commission_reason in ('returning_paid_as_new', 'new_paid_as_returning') then customer_term_id
        when commission_reason = 'wrong_tier' then tier_term_id
        when commission_reason = 'wrong_rate' then other_term_id
    end as paid_by_term_id,
    {{ round_to_minor_unit(exact_product('expected_commission', 'network_fee_rate'), 'minor_unit_digits') }}
        as expected_network_fee
from explained
