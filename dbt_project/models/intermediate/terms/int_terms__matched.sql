{{ config(materialized='table') }}

-- Which of two terms is the more specific one depends on nothing but the currency of the commission.
with terms as (

    select
        t.*,
        currencies.commission_currency as ranked_currency,
        case
            when t.publisher_id is not null then 1
            when t.partner_group is not null then 2
            else 3
        end as scope_rank,
        row_number() over (
            partition by t.network, currencies.commission_currency
            order by
                case
                    when t.publisher_id is not null then 1
                    when t.partner_group is not null then 2
                    else 3
                end,
                case when t.account_id is null then 1 else 0 end,
                case when t.voucher_code is null then 1 else 0 end,
                case when t.customer_type is null then 1 else 0 end,
                case when t.term_currency = currencies.commission_currency then 0 else 1 end,
                coalesce(t.tier_from_amount, -1) desc,
                t.valid_from_at desc,
                t.term_id
        ) as term_rank
    from {{ ref('int_terms__known') }} as t
    cross join (
        select distinct coalesce(commission_currency, '') as commission_currency
        from {{ ref('int_conversions__measured') }}
    ) as currencies
    where t.is_known and not t.is_membership

),

facing as (

    select
        c.conversion_key,
        c.row_kind,
        c.commission_currency,
        c.minor_unit_digits,
        c.occurred_at,
        c.month_sales_before_amount,
        c.month_sales_unknown_amount,
        c.reported_commission,
        {% for agreed in ['flat_amount', 'cap_per_order_amount'] -%}
        -- Parts are one claim: each has its share of what is agreed for an order.
        case
            when c.part_amount <> c.parts_amount
                then {{ round_to_minor_unit(exact_share('t.' ~ agreed, 'c.part_amount', 'c.parts_amount'), 'c.minor_unit_digits') }}
            else t.{{ agreed }}
        end as own_{{ agreed }},
        {% endfor -%}
        c.customer_type as customer_type_of_sale,
        c.voucher_code as voucher_of_sale,
        t.*,
        case t.base
            {% for base in agreed_bases() -%}
            when '{{ base }}' then c.{{ base }}_amount
            {% endfor -%}
        end as base_amount
    from {{ ref('int_conversions__measured') }} as c
    inner join terms as t
        on
            c.network = t.network
            and coalesce(c.commission_currency, '') = t.ranked_currency
            and coalesce(t.account_id, c.account_id) = c.account_id
            and (t.publisher_id is null or t.publisher_id = c.publisher_id)
    left join {{ ref('int_conversions__partner_groups') }} as groups
        on c.conversion_key = groups.conversion_key and lower(t.partner_group) = groups.partner_group
    where t.partner_group is null or groups.conversion_key is not null

),

judged as (

    select
        *,
        occurred_at >= valid_from_at and (valid_to_at is null or occurred_at < valid_to_at) as fits_time,
        customer_type is null or coalesce(customer_type = customer_type_of_sale, false) as fits_customer,
        voucher_code is null or coalesce(voucher_code = voucher_of_sale, false) as fits_voucher,
        -- A tier in another currency may have been reached: nothing is added up over currencies to find out.
        tier_from_amount is null
        or coalesce(term_currency <> commission_currency, true)
        or coalesce(month_sales_before_amount >= tier_from_amount, false) as fits_tier,
        -- Sales of unknown amount may have reached it.
        coalesce(
            term_currency = commission_currency
            and month_sales_before_amount < tier_from_amount
            and coalesce(month_sales_before_amount + month_sales_unknown_amount >= tier_from_amount, true),
            false
        ) as may_fit_tier,
        case
            when row_kind = 'bonus' then bonus_amount is not null
            -- A term that only forbids vouchers says nothing about a sale without one.
            else
                commission_rate is not null or flat_amount is not null
                or (not is_voucher_allowed and voucher_of_sale is not null)
        end as says_what_is_owed,
        -- The base is unknown where no order is: then so is what would be owed.
        case
            when row_kind = 'bonus' then bonus_amount
            when commission_rate is not null and base_amount is null then null
            else {{ commission_of('base_amount', 'commission_rate', 'own_flat_amount', 'minor_unit_digits') }}
        end as uncapped_commission
    from facing

),

deciding as (

    select
        *,
        fits_time and says_what_is_owed and (row_kind = 'bonus' or (fits_customer and fits_voucher and fits_tier))
            as holds,
        fits_time and says_what_is_owed and row_kind <> 'bonus' and fits_customer and fits_voucher and may_fit_tier
            as may_hold,
        case
            when row_kind = 'bonus' then uncapped_commission
            else {{ capped('uncapped_commission', 'own_cap_per_order_amount') }}
        end as capped_commission
    from judged

)

select
    conversion_key,
    term_id,
    holds,
    may_hold,
    term_rank,
    scope_rank,
    account_id as term_account_id,
    fits_time,
    fits_customer,
    fits_voucher,
    fits_tier,
    says_what_is_owed,
    term_currency,
    commission_rate,
    own_flat_amount as flat_amount,
    base,
    base_amount,
    tier_from_amount,
    own_cap_per_order_amount as cap_per_order_amount,
    cap_per_month_amount,
    customer_type as term_customer_type,
    voucher_code as term_voucher_code,
    is_voucher_allowed,
    click_window_days,
    network_fee_rate,
    uncapped_commission,
    capped_commission
from deciding
-- Of the others, only those that may hold, and those that could explain what is reported.
where
    holds
    or may_hold
    or (
        says_what_is_owed
        and capped_commission = {{ round_to_minor_unit('reported_commission', 'minor_unit_digits') }}
    )
