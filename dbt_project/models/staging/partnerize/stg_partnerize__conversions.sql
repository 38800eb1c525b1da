with items as (

    {{ current_version(source('valid_partnerize', 'conversion_items')) }}

),

first_versions as (

    {{ current_version(source('valid_partnerize', 'conversion_items'), '_observed_at, _fetched_at') }}

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'partnerize'

),

words as (

    select * from {{ ref('status_map__partnerize') }} where raw_field = 'item_status'

),

items_ranked as (

    select
        i.*,
        -- The newest row speaks for the conversion: which items it still has, its order, click and publisher.
        row_number() over (
            partition by i._account_id, i.conversion_id
            order by i._observed_at desc, i._fetched_at desc, i.last_modified desc, i.conversion_item_id
        ) as from_newest
    from items as i

),

conversions as (

    select * from items_ranked where from_newest = 1

),

items_mapped as (

    select
        i.*,
        words.status as item_canonical,
        words.lock_state as item_lock_state,
        words.payment_state as item_payment_state,
        words.payment_state_if_paid as item_payment_state_if_paid,
        case when words.status = 'reversed' then 0 else i.item_amount end as owed_amount,
        case when words.status = 'reversed' then 0 else i.item_publisher_commission end as owed_publisher_commission,
        case when words.status = 'reversed' then 0 else i.item_commission end as owed_commission
    from items as i
    inner join conversions as c
        on i._account_id = c._account_id and i.conversion_id = c.conversion_id
    left join words on lower(i.item_status) = lower(words.raw_word)
    where ' ' || c.conversion_item_ids || ' ' like '% ' || i.conversion_item_id || ' %'

),

families as (

    select
        _account_id,
        conversion_id,
        count(*) as network_rows,
        sum(case when item_canonical is null then 1 else 0 end) as unknown_items,
        sum(case when item_canonical = 'reversed' then 1 else 0 end) as reversed_items,
        sum(case when item_canonical = 'pending' then 1 else 0 end) as pending_items,
        sum(case when item_lock_state = 'open' then 1 else 0 end) as open_items,
        sum(case when item_canonical = 'approved' and invoice_paid_at is null then 1 else 0 end) as unpaid_items,
        max(case when item_canonical = 'approved' then item_payment_state end) as payment_state,
        max(case when item_canonical = 'approved' then item_payment_state_if_paid end) as payment_state_if_paid,
        max(case when item_canonical is null then item_status end) as unknown_word,
        max(item_status) as any_word,
        max(approved_at) as approved_at,
        max(case when item_canonical = 'reversed' then item_updated_at end) as rejected_at,
        max(reject_reason) as reject_reason,
        max(voucher_code) as voucher_code,
        {{ money('sum(owed_amount)') }} as sale_amount,
        {{ money('sum(owed_publisher_commission)') }} as publisher_commission,
        {{ money('sum(owed_commission)') }} as advertiser_cost
    from items_mapped
    group by _account_id, conversion_id

),

first_amounts as (

    select
        _account_id,
        conversion_id,
        {{ money('sum(item_amount)') }} as sale_amount
    from first_versions
    group by _account_id, conversion_id

),

decided as (

    select
        *,
        case
            when unknown_items > 0 then null
            when reversed_items = network_rows then 'reversed'
            when pending_items > 0 then 'pending'
            else 'approved'
        end as status
    from families

)

select
    'partnerize:' || d._account_id || ':' || d.conversion_id as conversion_key,
    'partnerize' as network,
    d._account_id as account_id,
    d.conversion_id,
    c.conversion_reference as order_id,
    c.publisher_id,
    c.publisher_name,
    cast(c.conversion_type as varchar) as conversion_type,
    -- As the clicks: by the reference of the landing page.
    coalesce(c.clickref, c.click_id) as click_id,
    c.clicked_at,
    c.conversion_time as occurred_at,
    -- Partnerize tells no time of recording.
    c.conversion_time as recorded_at,
    case d.status when 'approved' then d.approved_at when 'reversed' then d.rejected_at end as status_effective_at,
    case when d.status = 'pending' then {{ approves_by_itself_at('partnerize', 'c.conversion_time') }} end as locks_at,
    c._observed_at as observed_at,
    d.status,
    case when d.unknown_items = 0 and d.open_items > 0 then 'open' else 'unknown' end as lock_state,
    case
        when d.status is null then 'unknown'
        when d.status <> 'approved' then 'unpaid'
        when d.unpaid_items = 0 then d.payment_state_if_paid
        else d.payment_state
    end as payment_state,
    'original' as row_kind,
    coalesce(d.unknown_word, c.conversion_status, d.any_word) as raw_status,
    d.reject_reason as status_reason,
    d.reversed_items < d.network_rows and coalesce(d.sale_amount, 0) <> coalesce(f.sale_amount, 0) as is_amended,
    cast(d.network_rows as integer) as network_rows,
    d.sale_amount,
    coalesce(c.currency, accounts.currency) as sale_currency,
    case
        when c.currency is not null then 'row'
        when accounts.currency is not null then 'configuration'
    end as sale_currency_source,
    case
        when d.reversed_items < d.network_rows and coalesce(d.sale_amount, 0) <> coalesce(f.sale_amount, 0)
            then f.sale_amount
    end as previous_sale_amount,
    cast(null as decimal(18, 6)) as tracked_amount,
    c.currency_original as tracked_currency,
    d.publisher_commission,
    coalesce(c.currency, accounts.currency) as publisher_commission_currency,
    d.advertiser_cost,
    coalesce(c.currency, accounts.currency) as advertiser_cost_currency,
    cast(null as decimal(18, 6)) as network_fee,
    cast(null as varchar) as network_fee_currency,
    d.voucher_code,
    case lower(c.customer_type) when 'new' then 'new' when 'existing' then 'returning' end as customer_type,
    c.country,
    c._page_id,
    c._load_id,
    c._run_id
from decided as d
inner join conversions as c on d._account_id = c._account_id and d.conversion_id = c.conversion_id
inner join first_amounts as f on d._account_id = f._account_id and d.conversion_id = f.conversion_id
left join accounts on d._account_id = accounts.account_id
