with network_side as (

    select
        'network:' || c.conversion_key as diff_key,
        'network' as side,
        c.network,
        c.account_id,
        o.shop,
        c.conversion_id as record_id,
        c.conversion_key,
        c.order_key,
        c.publisher_id,
        c.is_withheld,
        coalesce(compared.class, 'duplicate_claim') as class,
        coalesce(compared.reason, links.lost_by_rule) as reason,
        links.survivor_conversion_key,
        c.occurred_at,
        c.status as conversion_status,
        c.lock_state,
        o.status as order_status,
        c.sale_amount as network_amount,
        c.sale_currency as network_currency,
        o.commissionable_amount as order_amount,
        o.currency as order_currency,
        case
            when compared.conversion_key is not null then compared.amount_difference
            when c.sale_currency = o.currency then {{ money('c.sale_amount - o.commissionable_amount') }}
        end as amount_difference,
        case when compared.conversion_key is null then c.publisher_commission else compared.commission_at_risk end
            as commission_at_risk,
        c.publisher_commission_currency as commission_currency,
        c.commission_fx_rate,
        c.locks_at,
        c.sale_amount_reporting as network_amount_reporting,
        o.commissionable_amount_reporting as order_amount_reporting,
        c.reporting_currency,
        c._page_id,
        c._load_id,
        c._run_id
    from {{ ref('fct_conversions') }} as c
    left join {{ ref('int_conversions__compared') }} as compared on c.conversion_key = compared.conversion_key
    left join {{ ref('int_conversions__duplicate_links') }} as links on c.conversion_key = links.conversion_key
    left join {{ ref('fct_orders') }} as o on c.order_key = o.order_key

),

order_side as (

    select
        'order:' || o.order_key as diff_key,
        'order' as side,
        coalesce(c.network, matched.clicked_network) as network,
        c.account_id,
        o.shop,
        o.order_id as record_id,
        matched.conversion_key,
        o.order_key,
        c.publisher_id,
        -- Also an order that a network ought to know is not called missing while that network is held.
        held.network is not null as is_withheld,
        matched.class,
        matched.reason,
        cast(null as varchar) as survivor_conversion_key,
        o.ordered_at as occurred_at,
        c.status as conversion_status,
        c.lock_state,
        o.status as order_status,
        c.sale_amount as network_amount,
        c.sale_currency as network_currency,
        o.commissionable_amount as order_amount,
        o.currency as order_currency,
        compared.order_difference as amount_difference,
        -- The network side carries the commission of a pair, so that a sum over both sides counts it once.
        cast(null as decimal(18, 6)) as commission_at_risk,
        cast(null as varchar) as commission_currency,
        cast(null as decimal(18, 10)) as commission_fx_rate,
        c.locks_at,
        c.sale_amount_reporting as network_amount_reporting,
        o.commissionable_amount_reporting as order_amount_reporting,
        o.reporting_currency,
        o._page_id,
        o._load_id,
        o._run_id
    from {{ ref('fct_orders') }} as o
    inner join {{ ref('int_orders__matched') }} as matched on o.order_key = matched.order_key
    left join {{ ref('fct_conversions') }} as c on matched.conversion_key = c.conversion_key
    left join {{ ref('int_conversions__compared') }} as compared on matched.conversion_key = compared.conversion_key
    left join {{ ref('int_networks__held') }} as held on coalesce(c.network, matched.clicked_network) = held.network

),

both_sides as (

    select * from network_side
    union all
    select * from order_side

),

caused as (

    select
        both_sides.*,
        causes.root_cause,
        causes.explained_amount,
        causes.residual_amount,
        pairs.match_pass,
        pairs.match_rule,
        pairs.match_score,
        pairs.match_evidence,
        pairs.link_kind,
        cast(coalesce(pairs.ambiguous_candidates, 0) as integer) as ambiguous_candidates
    from both_sides
    left join {{ ref('int_differences__causes') }} as causes on both_sides.diff_key = causes.diff_key
    left join {{ ref('int_pairs__chosen') }} as pairs on both_sides.conversion_key = pairs.conversion_key

)

select
    diff_key,
    side,
    network,
    account_id,
    shop,
    record_id,
    conversion_key,
    order_key,
    publisher_id,
    is_withheld,
    class,
    reason,
    root_cause,
    match_pass,
    match_rule,
    match_score,
    match_evidence,
    link_kind,
    ambiguous_candidates,
    survivor_conversion_key,
    occurred_at,
    conversion_status,
    order_status,
    network_amount,
    network_currency,
    order_amount,
    order_currency,
    amount_difference,
    explained_amount,
    residual_amount,
    commission_at_risk,
    commission_currency,
    case
        when class not in ('matched', 'not_affiliate', 'not_yet_comparable') and lock_state <> 'locked' then locks_at
    end as act_by_at,
    network_amount_reporting,
    order_amount_reporting,
    {{ times_rate('commission_at_risk', 'commission_fx_rate') }} as commission_at_risk_reporting,
    reporting_currency,
    _page_id,
    _load_id,
    _run_id
from caused
