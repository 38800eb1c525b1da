{{ config(materialized='table') }}

with fitting as (

    select
        conversion_key,
        cause,
        evidence,
        row_number() over (partition by conversion_key order by cause_rank, cause) as place
    from {{ ref('int_differences__fitting') }}

),

counted as (

    select conversion_key, count(distinct cause) as fitting_causes
    from {{ ref('int_differences__fitting') }}
    group by conversion_key

),

compared as (

    select
        compared.conversion_key,
        compared.order_key,
        compared.class,
        case
            when compared.class = 'matched' then 'no_difference'
            when compared.class = 'not_yet_comparable' then 'too_early'
            when compared.reason = 'bonus_without_order' then 'bonus_without_order'
            when compared.reason = 'several_orders_fit' then 'order_ambiguous'
            when compared.reason = 'no_such_order' and {{ is_no_order_id('c.order_id') }} then 'order_id_missing'
            when compared.reason = 'no_such_order' then 'order_unknown'
            when compared.reason = 'void_but_order_live' then 'declined_although_owed'
            when compared.reason = 'live_but_order_void' and o.status = 'cancelled' then 'cancellation_not_taken_back'
            when compared.reason = 'live_but_order_void' then 'refund_not_taken_back'
            when fitting.cause is not null then fitting.cause
            when compared.reason = 'amount_unknown' then 'amount_not_told'
            when compared.reason = 'currency_unknown' then 'currency_not_told'
            when compared.reason = 'currency_differs' then 'currency_differs'
            else 'unexplained'
        end as root_cause,
        fitting.evidence as cause_evidence,
        cast(coalesce(counted.fitting_causes, 0) as integer) as fitting_causes,
        case
            when compared.class in ('amount_mismatch', 'status_mismatch') then compared.amount_difference
        end as amount_difference,
        case
            when compared.class in ('amount_mismatch', 'status_mismatch') then compared.order_difference
        end as order_difference
    from {{ ref('int_conversions__compared') }} as compared
    inner join {{ ref('int_conversions__keyed') }} as c on compared.conversion_key = c.conversion_key
    left join {{ ref('int_orders__keyed') }} as o on compared.order_key = o.order_key
    left join fitting on compared.conversion_key = fitting.conversion_key and fitting.place = 1
    left join counted on compared.conversion_key = counted.conversion_key

),

split as (

    select
        *,
        case when root_cause = 'unexplained' then {{ money('amount_difference - amount_difference') }} else amount_difference end
            as explained_amount,
        case when root_cause = 'unexplained' then {{ money('order_difference - order_difference') }} else order_difference end
            as order_explained_amount
    from compared

),

explained as (

    select
        *,
        {{ money('amount_difference - explained_amount') }} as residual_amount,
        {{ money('order_difference - order_explained_amount') }} as order_residual_amount
    from split

),

losers as (

    select conversion_key, order_key, duplicate_kind, lost_by_rule
    from {{ ref('int_conversions__duplicate_links') }}

)

select
    'network:' || conversion_key as diff_key,
    conversion_key,
    order_key,
    root_cause,
    cause_evidence,
    fitting_causes,
    explained_amount,
    residual_amount
from explained
union all
select
    'network:' || conversion_key as diff_key,
    conversion_key,
    order_key,
    duplicate_kind as root_cause,
    'lost by: ' || lost_by_rule as cause_evidence,
    0 as fitting_causes,
    {{ money('null') }} as explained_amount,
    {{ money('null') }} as residual_amount
from losers
union all
-- An order has the cause of the conversion it rests on; without one, its reason tells the cause.
select
    'order:' || matched.order_key as diff_key,
    matched.conversion_key,
    matched.order_key,
    case
        when matched.class in ('matched', 'not_affiliate') then 'no_difference'
        when matched.class = 'not_yet_comparable' then 'too_early'
        when matched.class = 'missing_in_network' then 'not_tracked'
        else explained.root_cause
    end as root_cause,
    explained.cause_evidence,
    coalesce(explained.fitting_causes, 0) as fitting_causes,
    explained.order_explained_amount as explained_amount,
    explained.order_residual_amount as residual_amount
from {{ ref('int_orders__matched') }} as matched
left join explained on matched.conversion_key = explained.conversion_key
