with records as (

    select * from {{ ref('int_crm_record_versions__priced') }} where is_current

),

-- Only the survivor tells of a merge; the record that lost is in no later export.
merged as (

    select loser.record_key, max(survivor.record_id) as merged_into
    from records as survivor
    inner join records as loser
        on
            survivor.order_source = loser.order_source
            and survivor.account_id = loser.account_id
            and survivor.record_key <> loser.record_key
            and ';' || replace(survivor.merged_ids, ' ', '') || ';' like '%;' || loser.record_id || ';%'
    where survivor.merged_ids is not null
    group by loser.record_key

),

exported as (

    select p.stream, p.account_id, p.window_id, max(p.observed_at) as exported_at
    from {{ source('ops', 'pages') }} as p
    inner join {{ source('ops', 'windows') }} as w on p.window_id = w.window_id and p.network = w.network
    where p.network = 'crm' and w.status = 'complete'
    group by p.stream, p.account_id, p.window_id
    -- A file without any record is an export of nothing.
    having sum(p.records) > 0

),

missing as (

    select s.stream, s.account_id, s.record_key, min(e.exported_at) as missing_since
    from {{ source('ops', 'sightings') }} as s
    inner join {{ source('config', 'crm_exports') }} as c
        on s.stream = c.stream and s.account_id = c.shop and c.is_full
    inner join exported as e
        on s.stream = e.stream and s.account_id = e.account_id and s.last_seen_at < e.exported_at
    where s.network = 'crm'
    group by s.stream, s.account_id, s.record_key

)

select
    r.record_key,
    r.order_source,
    r.source_position,
    r.record_id,
    r.order_key,
    r.order_match_key,
    r.shop,
    r.order_id,
    r.stage,
    r.status,
    case
        when merged.merged_into is not null then 'merged'
        when r.is_deleted then 'deleted'
        when missing.missing_since is not null then 'missing'
        else 'current'
    end as record_state,
    merged.merged_into,
    missing.missing_since,
    r.ordered_at,
    r.updated_at,
    r.observed_at,
    r.currency,
    r.subtotal,
    r.discount,
    r.shipping,
    r.tax,
    r.total,
    r.refunded,
    r.refunded_subtotal,
    r.commissionable_amount,
    r.gift_card,
    r.item_count,
    r.voucher_code,
    r.customer_hash,
    r.customer_type,
    r._page_id,
    r._load_id,
    r._run_id
from records as r
left join merged on r.record_key = merged.record_key
left join missing
    on r.stream = missing.stream and r.account_id = missing.account_id and r.record_id = missing.record_key
