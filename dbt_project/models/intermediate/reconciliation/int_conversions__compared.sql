{{ config(materialized='table') }}
{%- set told = round_to_minor_unit('told_amount', 'minor_unit_digits') -%}
{%- set agreed = round_to_minor_unit('agreed_amount', 'minor_unit_digits') -%}
{%- set commissionable = round_to_minor_unit('commissionable_amount', 'minor_unit_digits') %}

with newest as (

    select max(case when updated_at > ordered_at then updated_at else ordered_at end) as newest_order_at
    from {{ ref('int_orders__keyed') }}

),

sides as (

    select
        c.conversion_key,
        c.order_key,
        c.winner_conversion_key,
        c.is_winner,
        c.row_kind,
        c.is_part,
        c.is_renewal,
        c.ambiguous_candidates,
        c.occurred_at,
        case when {{ is_void('c') }} then 'void' else 'live' end as conversion_state,
        c.sale_amount,
        c.sale_currency,
        c.publisher_commission,
        o.expected_state,
        o.commissionable_amount,
        o.currency as order_currency,
        o.minor_unit_digits,
        -- The network may keep its own currency and tell the buyer's beside it.
        case
            when c.sale_currency = o.currency then c.sale_amount
            when c.tracked_currency = o.currency then c.tracked_amount
        end as comparable_amount,
        -- What the contract takes the commission of, where that is not the goods.
        case
            when e.base <> 'net_goods' and e.commission_currency = o.currency and not c.is_part then e.base_amount
        end as agreed_amount
    from {{ ref('int_conversions__deduplicated') }} as c
    left join {{ ref('int_orders__keyed') }} as o on c.order_key = o.order_key
    left join {{ ref('int_conversions__expected') }} as e on c.conversion_key = e.conversion_key

),

parts as (

    select
        conversion_key,
        {{ money('sum(comparable_amount) over (partition by order_key)') }} as parts_amount,
        {{ money('sum(comparable_amount) over (
            partition by order_key order by conversion_key rows between unbounded preceding and current row
        )') }} as reached_amount
    from sides
    where is_part

),

-- The parts of an order are compared with it as one, and each is owed its share, in whole units; all shares are the order.
told as (

    select
        sides.*,
        coalesce(parts.parts_amount, sides.comparable_amount) as told_amount,
        {%- set before = round_to_minor_unit(exact_share(
            'sides.commissionable_amount', money('parts.reached_amount - sides.comparable_amount'), 'parts.parts_amount'
        ), 'sides.minor_unit_digits') %}
        {%- set reached = round_to_minor_unit(exact_share(
            'sides.commissionable_amount', 'parts.reached_amount', 'parts.parts_amount'
        ), 'sides.minor_unit_digits') %}
        case
            when parts.conversion_key is null then sides.commissionable_amount
            when parts.reached_amount = parts.parts_amount then {{ money('sides.commissionable_amount - ' ~ before) }}
            else {{ money(reached ~ ' - ' ~ before) }}
        end as owed_amount
    from sides
    left join parts on sides.conversion_key = parts.conversion_key

),

classified as (

    select
        told.*,
        case
            when row_kind = 'test' then 'test_row'
            when order_key is null and conversion_state = 'void' then 'void_without_order'
            when order_key is null and newest.newest_order_at is null then 'no_order_known'
            when order_key is null and occurred_at > newest.newest_order_at then 'after_newest_order'
            when order_key is null and ambiguous_candidates > 0 then 'several_orders_fit'
            when order_key is null and row_kind = 'bonus' then 'bonus_without_order'
            when order_key is null then 'no_such_order'
            when conversion_state = 'void' and winner_conversion_key is not null then 'void_settled_elsewhere'
            when conversion_state = 'live' and expected_state = 'void' then 'live_but_order_void'
            -- A bonus is paid on top of an order, not for its amount.
            when row_kind <> 'original' then row_kind || '_of_order'
            when is_renewal and conversion_state = 'live' then 'renewal_of_order'
            -- Of an order that was given back in parts there may be nothing left to owe.
            when conversion_state = 'void' and (expected_state = 'void' or commissionable_amount <= 0) then 'both_void'
            when conversion_state = 'void' then 'void_but_order_live'
            when is_part and {{ told }} = {{ commissionable }} then 'part_of_order'
            when comparable_amount is null and sale_amount is null then 'amount_unknown'
            when comparable_amount is null and sale_currency is null then 'currency_unknown'
            when comparable_amount is null then 'currency_differs'
            when {{ told }} = {{ agreed }} and {{ told }} <> {{ commissionable }} then 'agreed_base'
            when {{ told }} > {{ commissionable }} then 'network_higher'
            when {{ told }} < {{ commissionable }} then 'network_lower'
            when commissionable_amount is null then 'amount_unknown'
            else 'agrees'
        end as reason
    from told
    cross join newest

)

select
    conversion_key,
    order_key,
    is_winner,
    case
        when reason in ('no_order_known', 'after_newest_order') then 'not_yet_comparable'
        when reason in ('bonus_without_order', 'no_such_order', 'several_orders_fit') then 'missing_in_crm'
        when reason in ('live_but_order_void', 'void_but_order_live') then 'status_mismatch'
        when reason in ('amount_unknown', 'currency_unknown', 'currency_differs', 'network_higher', 'network_lower')
            then 'amount_mismatch'
        else 'matched'
    end as class,
    reason,
    told_amount,
    -- The parts of an order add up to it.
    case
        when reason = 'part_of_order' then {{ money('0') }}
        else {{ money('comparable_amount - owed_amount') }}
    end as amount_difference,
    case
        when reason = 'part_of_order' then {{ money('0') }}
        else {{ money('told_amount - commissionable_amount') }}
    end as order_difference,
    -- Commission that would be paid without being owed; of an over-reported sale its over-reported part.
    case
        when reason in ('no_order_known', 'after_newest_order', 'several_orders_fit') then null
        when reason in ('live_but_order_void', 'no_such_order', 'bonus_without_order') then publisher_commission
        when reason = 'network_higher' and owed_amount <= 0 then publisher_commission
        when reason = 'network_higher' then {{ times_rate(
            'publisher_commission',
            '(' ~ decimal_quotient('comparable_amount - owed_amount', 'comparable_amount') ~ ')'
        ) }}
        when reason in ('amount_unknown', 'currency_unknown', 'currency_differs') then null
        else {{ money('0') }}
    end as commission_at_risk
from classified
