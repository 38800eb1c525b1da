{{ config(materialized='table') }}
{%- set comparable = "case when c.sale_currency = o.currency then c.sale_amount when c.tracked_currency = o.currency then c.tracked_amount end" %}

with policy as (

    select coalesce(max(winner), 'last_click') as winner from {{ source('config', 'matching') }}

),

vouchers as (

    select distinct {{ voucher_word('code') }} as code, network, publisher_id
    from {{ source('config', 'voucher_owners') }}

),

candidates as (

    select
        c.conversion_key,
        c.network,
        c.account_id,
        c.publisher_id,
        c.conversion_id,
        c.clicked_at,
        c.occurred_at,
        c.recorded_at,
        c.row_kind,
        c.sale_amount,
        c.sale_currency,
        {{ minor_units(comparable, 'o.minor_unit_digits') }} as comparable_units,
        not {{ is_void('c') }} as is_live,
        o.order_key,
        o.ordered_at,
        {{ voucher_word('coalesce(o.voucher_code, c.voucher_code)') }} as voucher_code,
        {{ minor_units('o.commissionable_amount', 'o.minor_unit_digits') }} as commissionable_units,
        {{ minor_units('o.subtotal - coalesce(o.discount, 0)', 'o.minor_unit_digits') }} as ordered_units
    from {{ ref('int_conversions__keyed') }} as c
    inner join {{ ref('int_pairs__chosen') }} as pairs on c.conversion_key = pairs.conversion_key
    inner join {{ ref('int_orders__keyed') }} as o on pairs.order_key = o.order_key

),

pointing as (

    select
        *,
        is_live and row_kind = 'original' as is_live_sale,
        case when clicked_at <= ordered_at then clicked_at end as click_before_order,
        min(case when is_live and row_kind = 'original' then occurred_at end) over (
            partition by order_key, network, account_id, publisher_id
        ) as first_occurred_at
    from candidates

),

-- The same publisher's sale on an old order again, a period later: a subscription, which the network books on the
-- first order's id.
renewed as (

    select
        *,
        coalesce(
            is_live_sale
            and publisher_id is not null
            and {{ days_before('occurred_at', var('renewal_after_days')) }} >= first_occurred_at
            and {{ days_before('occurred_at', var('renewal_after_days')) }} >= ordered_at,
            false
        ) as is_renewal
    from pointing

),

claiming as (

    select *, is_live_sale and not is_renewal as is_claim from renewed

),

-- What one publisher claims in several amounts that add up to the order, as it was placed or is now, is one claim in
-- parts.
summed as (

    select
        *,
        count(*) over (partition by order_key, is_claim, network, account_id, publisher_id) as own_claims,
        sum(comparable_units) over (partition by order_key, is_claim, network, account_id, publisher_id) as own_units,
        min(coalesce(comparable_units, 0)) over (partition by order_key, is_claim, network, account_id, publisher_id)
            as least_units
    from claiming

),

parted as (

    select
        *,
        coalesce(
            is_claim
            and publisher_id is not null
            and own_claims > 1
            and least_units > 0
            and own_units in (commissionable_units, ordered_units),
            false
        ) as is_part
    from summed

),

judged as (

    select
        p.*,
        policy.winner as policy,
        case
            when policy.winner = 'priority' then coalesce(priority.position, 1000000)
            when policy.winner = 'voucher_owner' and vouchers.code is null then 1
            else 0
        end as policy_place,
        case when policy.winner = 'first_reported' then p.recorded_at end as recorded_first_at,
        case when policy.winner = 'first_reported' and p.recorded_at is null then 1 else 0 end as is_recorded_never
    from parted as p
    cross join policy
    left join {{ source('config', 'network_priority') }} as priority on p.network = priority.network
    left join vouchers
        on p.voucher_code = vouchers.code and p.network = vouchers.network and p.publisher_id = vouchers.publisher_id

),

placed as (

    select
        *,
        row_number() over (
            partition by order_key, is_claim
            order by
                policy_place,
                is_recorded_never,
                recorded_first_at,
                case when click_before_order is null then 1 else 0 end,
                click_before_order desc,
                case when recorded_at is null then 1 else 0 end,
                recorded_at,
                network,
                account_id,
                conversion_id
        ) as place
    from judged

),

led as (

    select
        *,
        case
            when is_part then min(place) over (partition by order_key, is_part, network, account_id, publisher_id)
            else place
        end as leading_place,
        -- The next better one of its like; the same pixel fired again has its time, but for the minutes between.
        lag(occurred_at) over (
            partition by order_key, is_claim, network, account_id, publisher_id, sale_amount, sale_currency
            order by place
        ) as like_occurred_at
    from placed

),

ranked as (

    select *, dense_rank() over (partition by order_key, is_claim order by leading_place) as claim_rank from led

),

counted as (

    select
        *,
        1 + sum(case when claim_rank > 1 then 1 else 0 end) over (partition by order_key, is_claim) as claims
    from ranked

),

winners as (

    select
        order_key, conversion_key, network, account_id, publisher_id, click_before_order, recorded_at, policy_place
    from ranked
    where is_claim and place = 1

)

select
    r.conversion_key,
    r.order_key,
    r.row_kind,
    r.is_live,
    r.is_claim,
    r.is_part,
    r.is_renewal,
    case when r.is_claim then cast(r.claims as integer) end as claims,
    case when r.is_claim then cast(r.claim_rank as integer) end as claim_rank,
    w.conversion_key as winner_conversion_key,
    case
        when not r.is_claim or r.claim_rank = 1 then null
        when r.policy = 'priority' and r.policy_place > w.policy_place then 'priority of the networks'
        when r.policy = 'voucher_owner' and r.policy_place > w.policy_place then 'owner of the voucher'
        when r.policy = 'first_reported' and w.recorded_at < r.recorded_at then 'earliest recorded'
        when r.policy = 'first_reported' and w.recorded_at is not null and r.recorded_at is null then 'earliest recorded'
        when r.click_before_order is null and w.click_before_order is not null then 'no click before the order'
        when r.click_before_order < w.click_before_order then 'last click before the order'
        when w.recorded_at < r.recorded_at then 'earliest recorded'
        when w.recorded_at is not null and r.recorded_at is null then 'earliest recorded'
        else 'network, account and id in order'
    end as lost_by_rule,
    case
        when not r.is_claim or r.claim_rank = 1 then null
        when
            not r.is_part
            and r.publisher_id is not null
            and abs({{ dbt.datediff('r.like_occurred_at', 'r.occurred_at', 'second') }})
            <= 60 * {{ var('reported_twice_within_minutes') }}
            then 'reported_twice'
        when r.network <> w.network then 'claimed_by_another_network'
        when r.account_id <> w.account_id then 'claimed_by_another_account'
        when r.publisher_id = w.publisher_id then 'claimed_again'
        else 'claimed_by_another_publisher'
    end as duplicate_kind
from counted as r
left join winners as w on r.order_key = w.order_key
