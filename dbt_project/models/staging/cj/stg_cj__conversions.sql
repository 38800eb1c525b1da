with commissions as (

    {{ current_version(source('valid_cj', 'commissions')) }}

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'cj'

),

words as (

    select * from {{ ref('status_map__cj') }}

),

rows_mapped as (

    select
        c.*,
        action.status as action_canonical,
        action.lock_state as action_lock_state,
        action.payment_state as action_payment_state,
        validation.status as validation_canonical,
        kind.row_kind as kind_canonical,
        -- The original speaks for the family: its order, click and sale; the last posted row for its present state.
        row_number() over (
            partition by c._account_id, c.original_action_id
            order by case when c.original then 0 else 1 end, c.posting_date, c.commission_id
        ) as from_first,
        row_number() over (
            partition by c._account_id, c.original_action_id
            order by c.posting_date desc, c.commission_id desc
        ) as from_last,
        row_number() over (
            partition by c._account_id, c.original_action_id
            order by c._observed_at desc, c._fetched_at desc, c.commission_id desc
        ) as from_last_observed
    from commissions as c
    left join words as action
        on action.raw_field = 'action_status' and lower(c.action_status) = lower(action.raw_word)
    left join words as validation
        on validation.raw_field = 'validation_status' and lower(c.validation_status) = lower(validation.raw_word)
    left join words as kind
        on kind.raw_field = 'action_type' and lower(c.action_type) = lower(kind.raw_word)

),

families as (

    select
        _account_id,
        original_action_id,
        count(*) as network_rows,
        sum(case when original then 1 else 0 end) as originals,
        sum(case when original then 0 else 1 end) as corrections,
        sum(case when action_canonical is null then 1 else 0 end) as unknown_rows,
        sum(case when action_canonical = 'pending' then 1 else 0 end) as pending_rows,
        sum(case when validation_canonical = 'reversed' then 1 else 0 end) as declined_rows,
        sum(case when action_lock_state = 'open' then 1 else 0 end) as open_rows,
        sum(case when action_payment_state = 'payable' then 1 else 0 end) as payable_rows,
        max(case when action_canonical is null then action_status end) as unknown_word,
        max(case when from_last = 1 then action_status end) as last_word,
        max(case when from_last = 1 then correction_reason end) as last_correction_reason,
        max(case when from_first = 1 then order_id end) as first_order_id,
        max(order_id) as any_order_id,
        max(case when from_first = 1 then publisher_id end) as publisher_id,
        max(case when from_first = 1 then publisher_name end) as publisher_name,
        max(case when from_first = 1 then action_type end) as conversion_type,
        max(case when from_first = 1 then kind_canonical end) as kind_canonical,
        max(case when from_first = 1 then click_date end) as clicked_at,
        max(case when from_first = 1 then event_date end) as occurred_at,
        max(case when from_first = 1 then sale_amount_adv_currency end) as first_sale_amount,
        max(case when from_first = 1 then coupon end) as voucher_code,
        max(case when from_first = 1 then case when new_to_file then 'new' when not new_to_file then 'returning' end end)
            as customer_type,
        max(case when from_first = 1 then country end) as country,
        min(posting_date) as recorded_at,
        max(case when not original then posting_date end) as corrected_at,
        max(locking_date) as last_locks_at,
        min(case when action_lock_state = 'open' then locking_date end) as open_until,
        max(_observed_at) as observed_at,
        {{ money('sum(sale_amount_adv_currency)') }} as sale_amount,
        {{ money('sum(pub_commission_amount_usd)') }} as publisher_commission,
        {{ money('sum(adv_commission_amount_adv_currency)') }} as advertiser_cost,
        {{ money('sum(cj_fee_adv_currency)') }} as network_fee,
        max(case when from_last_observed = 1 then _page_id end) as _page_id,
        max(case when from_last_observed = 1 then _load_id end) as _load_id,
        max(case when from_last_observed = 1 then _run_id end) as _run_id
    from rows_mapped
    group by _account_id, original_action_id

),

netted as (

    select
        *,
        corrections > 0
        and coalesce(sale_amount, 0) = 0
        and coalesce(publisher_commission, 0) = 0 as is_taken_back
    from families

),

decided as (

    select
        *,
        case
            when unknown_rows > 0 then null
            when declined_rows > 0 or is_taken_back then 'reversed'
            -- Approved only once no row of the family can change any more.
            when pending_rows > 0 then 'pending'
            else 'approved'
        end as status
    from netted

)

select
    'cj:' || d._account_id || ':' || d.original_action_id as conversion_key,
    'cj' as network,
    d._account_id as account_id,
    d.original_action_id as conversion_id,
    coalesce(d.first_order_id, d.any_order_id) as order_id,
    d.publisher_id,
    d.publisher_name,
    d.conversion_type,
    cast(null as varchar) as click_id,
    d.clicked_at,
    d.occurred_at,
    d.recorded_at,
    case
        when d.status = 'reversed' then d.corrected_at
        when d.status = 'approved' then d.last_locks_at
    end as status_effective_at,
    -- Once its first row has locked, a family can no longer be corrected as a whole.
    coalesce(d.open_until, d.last_locks_at) as locks_at,
    d.observed_at,
    d.status,
    case when d.unknown_rows > 0 then 'unknown' when d.open_rows > 0 then 'open' else 'locked' end as lock_state,
    case
        when d.status is null then 'unknown'
        when d.status = 'reversed' then 'unpaid'
        when d.payable_rows = d.network_rows then 'payable'
        else 'unpaid'
    end as payment_state,
    case
        when d.kind_canonical is not null then d.kind_canonical
        when d.originals > 0 then 'original'
        when coalesce(d.sale_amount, d.publisher_commission) < 0 then 'adjustment'
        else 'restatement'
    end as row_kind,
    coalesce(d.unknown_word, d.last_word) as raw_status,
    coalesce(
        d.last_correction_reason,
        case when d.declined_rows > 0 then 'validation DECLINED' end
    ) as status_reason,
    d.corrections > 0 and not d.is_taken_back as is_amended,
    cast(d.network_rows as integer) as network_rows,
    d.sale_amount,
    accounts.currency as sale_currency,
    case when accounts.currency is not null then 'configuration' end as sale_currency_source,
    case when d.corrections > 0 and d.originals > 0 then {{ money('d.first_sale_amount') }} end as previous_sale_amount,
    cast(null as decimal(18, 6)) as tracked_amount,
    cast(null as varchar) as tracked_currency,
    d.publisher_commission,
    'USD' as publisher_commission_currency,
    d.advertiser_cost,
    accounts.currency as advertiser_cost_currency,
    d.network_fee,
    accounts.currency as network_fee_currency,
    d.voucher_code,
    d.customer_type,
    d.country,
    d._page_id,
    d._load_id,
    d._run_id
from decided as d
left join accounts on d._account_id = accounts.account_id
