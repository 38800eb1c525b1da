{{ config(materialized='table') }}

with candidates as (

    select
        c.conversion_key,
        c.network,
        c.account_id,
        c.conversion_id,
        c.clicked_at,
        c.recorded_at,
        c.row_kind,
        not {{ is_void('c') }} as is_live,
        o.order_key,
        o.ordered_at,
        -- Two shops may use one number: the id written the same way wins, then the sale nearest in time.
        row_number() over (
            partition by c.conversion_key
            order by
                case when c.order_id = o.order_id then 0 else 1 end,
                abs({{ dbt.datediff('c.occurred_at', 'o.ordered_at', 'second') }}),
                o.order_key
        ) as nearness
    from {{ ref('int_conversions__keyed') }} as c
    inner join {{ ref('int_orders__keyed') }} as o on c.order_match_key = o.order_match_key

),

pointing as (

    select
        *,
        is_live and row_kind = 'original' as is_claim,
        case when clicked_at <= ordered_at then clicked_at end as click_before_order
    from candidates
    where nearness = 1

),

ranked as (

    select
        *,
        count(*) over (partition by order_key, is_claim) as claims,
        row_number() over (
            partition by order_key, is_claim
            order by
                case when click_before_order is null then 1 else 0 end,
                click_before_order desc,
                case when recorded_at is null then 1 else 0 end,
                recorded_at,
                network,
                account_id,
                conversion_id
        ) as claim_rank
    from pointing

),

winners as (

    select order_key, conversion_key, click_before_order, recorded_at
    from ranked
    where is_claim and claim_rank = 1

)

select
    r.conversion_key,
    r.order_key,
    r.row_kind,
    r.is_live,
    r.is_claim,
    case when r.is_claim then cast(r.claims as integer) end as claims,
    case when r.is_claim then cast(r.claim_rank as integer) end as claim_rank,
    w.conversion_key as winner_conversion_key,
    case
        when not r.is_claim or r.claim_rank = 1 then null
        when r.click_before_order is null and w.click_before_order is not null then 'no click before the order'
        when r.click_before_order < w.click_before_order then 'last click before the order'
        when w.recorded_at < r.recorded_at then 'earliest recorded'
        when w.recorded_at is not null and r.recorded_at is null then 'earliest recorded'
        else 'network, account and id in order'
    end as lost_by_rule
from ranked as r
left join winners as w on r.order_key = w.order_key
