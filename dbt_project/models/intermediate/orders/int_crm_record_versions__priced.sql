with records as (

    select * from {{ ref('stg_crm__hubspot_deals') }}
    union all
    select * from {{ ref('stg_crm__salesforce_opportunities') }}

),

staged as (

    select
        r.*,
        coalesce(c.position, 999) as source_position,
        c.amount_is,
        coalesce(r.currency, c.currency) as order_currency,
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
    version_number,
    is_current,
    order_source,
    source_position,
    stream,
    account_id,
    record_id,
    case when {{ normalised_order_id('order_id') }} is not null then shop || ':' || order_id end as order_key,
    {{ normalised_order_id('order_id') }} as order_match_key,
    shop,
    order_id,
    stage,
    status,
    is_deleted,
    merged_ids,
    ordered_at,
    updated_at,
    changed_at,
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
        -- How much was given back is not told.
        when status = 'partially_refunded' and refunded_subtotal is null then null
        else {{ commissionable_amount('told_subtotal', ['cancelled', 'refunded']) }}
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
