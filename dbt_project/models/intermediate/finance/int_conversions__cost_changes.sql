{{ config(materialized='table') }}
{%- set rows_so_far -%}
over (partition by conversion_key order by observed_at rows between unbounded preceding and current row)
{%- endset %}
{%- set versions = 'over (partition by network_row_id, conversion_key order by version_number)' %}

with events as (

    select
        e.conversion_key,
        e.network_row_id,
        e.version_number,
        e.observed_at,
        e.publisher_commission_delta,
        e.advertiser_cost_delta,
        case when e.row_kind in ('adjustment', 'restatement') then 0 else 1 end as speaks,
        -- A row that a network keeps with its amount after it was declined is owed no more.
        case when coalesce(e.status, 'unknown') in ('reversed', 'deleted') then 1 else 0 end as is_void
    from {{ ref('int_conversion_events__unioned') }} as e
    where e.conversion_key in (select k.conversion_key from {{ ref('int_conversions__keyed') }} as k where k.row_kind <> 'test')

),

moved as (

    select
        *,
        speaks * (1 - is_void) - coalesce(lag(speaks * (1 - is_void)) {{ versions }}, 0) as live_delta,
        speaks - coalesce(lag(speaks) {{ versions }}, 0) as speaks_delta,
        is_void - coalesce(lag(is_void) {{ versions }}, 0) as void_delta
    from events

),

observed as (

    select
        conversion_key,
        observed_at,
        sum(coalesce(publisher_commission_delta, 0)) as commission_delta,
        sum(advertiser_cost_delta) as cost_delta,
        sum(live_delta) as live_delta,
        sum(speaks_delta) as speaks_delta,
        sum(void_delta) as void_delta
    from moved
    group by conversion_key, observed_at

),

netted as (

    select
        conversion_key,
        observed_at,
        sum(commission_delta) {{ rows_so_far }} as net_commission,
        sum(cost_delta) {{ rows_so_far }} as net_cost,
        -- A family of which only corrections are known lives unless one of them was declined.
        sum(live_delta) {{ rows_so_far }} > 0
        or (sum(speaks_delta) {{ rows_so_far }} = 0 and sum(void_delta) {{ rows_so_far }} = 0) as is_owed
    from observed

),

fees as (

    select network, account_id, publisher_id, network_fee_rate, valid_from_at, valid_to_at, term_id
    from {{ ref('int_terms__known') }}
    where is_known and network_fee_rate is not null and partner_group is null and voucher_code is null and customer_type is null

),

agreed as (

    select conversion_key, network_fee_rate
    from (
        select
            c.conversion_key,
            fees.network_fee_rate,
            row_number() over (
                partition by c.conversion_key
                order by
                    case when fees.publisher_id is null then 1 else 0 end,
                    case when fees.account_id is null then 1 else 0 end,
                    fees.valid_from_at desc,
                    fees.term_id
            ) as term_rank
        from {{ ref('int_conversions__keyed') }} as c
        inner join fees
            on
                c.network = fees.network
                and coalesce(fees.account_id, c.account_id) = c.account_id
                and (fees.publisher_id is null or fees.publisher_id = c.publisher_id)
                and c.occurred_at >= fees.valid_from_at
                and (fees.valid_to_at is null or c.occurred_at < fees.valid_to_at)
    ) as ranked
    where term_rank = 1

),

owed as (

    select
        n.conversion_key,
        n.observed_at,
        c.network,
        c.account_id,
        c.publisher_id,
        c.occurred_at,
        c.publisher_commission_currency as commission_currency,
        -- By what was told then: a fee that is told later changes nothing of the days before.
        case
            when n.net_cost is not null and c.advertiser_cost_currency = c.publisher_commission_currency then 'network'
            when agreed.network_fee_rate is not null then 'terms'
        end as fee_source,
        {{ money('case when n.is_owed then n.net_commission else 0 end') }} as owed_commission,
        case
            when not n.is_owed then {{ money('0') }}
            when n.net_cost is not null and c.advertiser_cost_currency = c.publisher_commission_currency
                then {{ money('n.net_cost - n.net_commission') }}
            else {{ round_to_minor_unit(exact_product('n.net_commission', 'agreed.network_fee_rate'), 'currencies.minor_unit_digits') }}
        end as owed_fee
    from netted as n
    inner join {{ ref('int_conversions__keyed') }} as c on n.conversion_key = c.conversion_key
    left join agreed on n.conversion_key = agreed.conversion_key
    left join {{ ref('currencies') }} as currencies on c.publisher_commission_currency = currencies.currency

),

-- A cost is known with its fee: one that is told later brings the whole cost with it.
known as (

    select
        conversion_key,
        observed_at,
        {{ money('owed_fee - coalesce(lag(owed_fee) over (partition by conversion_key order by observed_at), 0)') }}
            as fee_change,
        {{ money('owed_commission + owed_fee - coalesce(
            lag(owed_commission + owed_fee) over (partition by conversion_key order by observed_at), 0
        )') }} as cost_change
    from owed
    where owed_fee is not null

),

changed as (

    select
        owed.*,
        {{ money('owed.owed_commission - coalesce(
            lag(owed.owed_commission) over (partition by owed.conversion_key order by owed.observed_at), 0
        )') }} as commission_change,
        known.fee_change,
        known.cost_change
    from owed
    left join known on owed.conversion_key = known.conversion_key and owed.observed_at = known.observed_at

)

select
    conversion_key,
    observed_at,
    network,
    account_id,
    publisher_id,
    occurred_at,
    commission_currency,
    fee_source,
    commission_change,
    fee_change,
    cost_change
from changed
where commission_change <> 0 or fee_change <> 0 or cost_change <> 0
