select
    r.record_key,
    r.order_source,
    r.record_id,
    r.shop,
    r.order_id,
    r.stage,
    r.status,
    r.record_state,
    r.merged_into,
    r.missing_since,
    r.outcome,
    r.counted_order_key,
    r.ordered_at,
    r.updated_at,
    r.observed_at,
    r.currency,
    r.total,
    r.commissionable_amount,
    o.order_source as counted_source,
    o.status as counted_status,
    case when r.outcome <> 'counted' and r.currency = o.currency then {{ money('r.total - o.total') }} end
        as total_difference,
    r._page_id,
    r._load_id,
    r._run_id
from {{ ref('int_crm_records__placed') }} as r
left join {{ ref('int_orders__keyed') }} as o on r.counted_order_key = o.order_key
