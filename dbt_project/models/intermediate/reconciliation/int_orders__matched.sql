{{ config(materialized='table') }}

with pointing as (

    select
        order_key,
        max(case when claim_rank = 1 then conversion_key end) as winner_conversion_key,
        sum(case when is_claim then 1 else 0 end) as claims,
        sum(case when not is_live and row_kind = 'original' then 1 else 0 end) as voids,
        max(case when not is_live and row_kind = 'original' then conversion_key end) as void_conversion_key
    from {{ ref('int_claims__ranked') }}
    group by order_key

),

brand as (

    select {{ hours_before('as_of', var('comparable_after_hours')) }} as comparable_until
    from {{ source('config', 'brand') }}

),

joined as (

    select
        o.order_key,
        o.expected_state,
        o.commissionable_amount,
        o.ordered_at,
        coalesce(pointing.claims, 0) as claims,
        coalesce(pointing.voids, 0) as voids,
        coalesce(pointing.winner_conversion_key, pointing.void_conversion_key) as conversion_key,
        winner.class as winner_class,
        winner.reason as winner_reason,
        clicks.clicked_network,
        clicks.clicked_at,
        brand.comparable_until
    from {{ ref('int_orders__keyed') }} as o
    cross join brand
    left join pointing on o.order_key = pointing.order_key
    left join {{ ref('int_conversions__compared') }} as winner
        on pointing.winner_conversion_key = winner.conversion_key
    left join {{ ref('int_orders__clicked') }} as clicks on o.order_key = clicks.order_key

),

reasoned as (

    select
        *,
        case
            when claims > 0 then winner_reason
            when voids > 0 and (expected_state = 'void' or commissionable_amount <= 0) then 'both_void'
            when voids > 0 then 'void_but_order_live'
            when clicked_network is null then 'no_affiliate_click'
            when expected_state = 'void' then 'nothing_owed'
            when ordered_at > comparable_until then 'order_too_young'
            else 'clicked_but_not_reported'
        end as reason
    from joined

)

select
    order_key,
    conversion_key,
    cast(claims as integer) as claims,
    clicked_network,
    clicked_at,
    case
        when claims > 0 then winner_class
        when reason in ('both_void', 'nothing_owed') then 'matched'
        when reason = 'void_but_order_live' then 'status_mismatch'
        when reason = 'no_affiliate_click' then 'not_affiliate'
        when reason = 'order_too_young' then 'not_yet_comparable'
        else 'missing_in_network'
    end as class,
    reason
from reasoned
