with records as (

    select * from {{ ref('stg_crm__hubspot_deals') }}
    union all
    select * from {{ ref('stg_crm__salesforce_opportunities') }}

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

),

staged as (

    select
        r.*,
        coalesce(c.position, 999) as source_position,
        c.amount_is,
        coalesce(r.currency, c.currency) as order_currency,
        merged.merged_into,
        missing.missing_since,
        case
            when stages.status is not null then stages.status
            when r.is_won then 'paid'
            when r.is_closed and r.is_won = false then 'cancelled'
            when r.is_closed = false then 'open'
            when replace(lower(r.stage), ' ', '') = 'closedwon' then 'paid'
            when replace(lower(r.stage), ' ', '') = 'closedlost' then 'cancelled'
        end as status
    from records as r
    left join {{ source('config', 'crm_exports') }} as c on r.stream = c.stream and r.account_id = c.shop
    left join {{ source('config', 'crm_stages') }} as stages
        on r.stream = stages.stream and r.account_id = stages.shop and lower(trim(r.stage)) = stages.stage
    left join merged on r.record_key = merged.record_key
    left join missing
        on r.stream = missing.stream and r.account_id = missing.account_id and r.record_id = missing.record_key

),

-- total = subtotal - discount + shipping + tax; what a record does not tell of it stays unknown.
priced as (

    select
        s.*,
        coalesce(s.subtotal, case
            when s.amount_is = 'net_goods' then s.amount + coalesce(s.discount, 0)
            when s.amount_is = 'gross' then s.amount - s.tax - s.shipping + coalesce(s.discount, 0)
        end) as told_subtotal
    from staged as s

)

select
    record_key,
    order_source,
    source_position,
    record_id,
    case when {{ normalised_order_id('order_id') }} is not null then shop || ':' || order_id end as order_key,
    {{ normalised_order_id('order_id') }} as order_match_key,
    shop,
    order_id,
    stage,
    status,
    case
        when merged_into is not null then 'merged'
        when is_deleted then 'deleted'
        when missing_since is not null then 'missing'
        else 'current'
    end as record_state,
    merged_into,
    missing_since,
    ordered_at,
    updated_at,
    observed_at,
    order_currency as currency,
    {{ money('told_subtotal') }} as subtotal,
    discount,
    shipping,
    tax,
    {{ money("case when amount_is = 'gross' then amount else told_subtotal - coalesce(discount, 0) + shipping + tax end") }}
        as total,
    refunded,
    refunded_subtotal,
    case
        when status in ('cancelled', 'refunded') then {{ money('0') }}
        -- How much was given back is not told.
        when status = 'partially_refunded' and refunded_subtotal is null then null
        else {{ money('told_subtotal - coalesce(discount, 0) - coalesce(refunded_subtotal, 0)') }}
    end as commissionable_amount,
    gift_card,
    item_count,
    voucher_code,
    customer_hash,
    customer_type,
    _page_id,
    _load_id,
    _run_id
from priced
