with actions as (

    {{ current_version(source('valid_impact', 'actions')) }}

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'impact'

),

words as (

    select * from {{ ref('status_map__impact') }} where raw_field = 'state'

),

further_words as (

    select * from {{ ref('status_map__impact') }} where raw_field <> 'state'

),

updates as (

    select
        updates.*,
        -- IR_BLANK stands on what no reason was given for, such as the action's creation.
        nullif(nullif(updates.disposition, 'IR_BLANK'), '') as reason
    from (

        {{ current_version(source('valid_impact', 'action_updates')) }}

    ) as updates

),

last_reasons as (

    select *
    from (
        select
            *,
            row_number() over (partition by _account_id, action_id order by update_date desc, id desc) as recency
        from updates
        where reason is not null
    ) as reasons
    where recency = 1

),

logged as (

    select
        updates._account_id,
        updates.action_id,
        max(updates.update_date) as updated_at,
        max(words.payment_state_if_paid) as payment_state
    from updates
    left join further_words as words
        on words.raw_field = 'state_detail' and lower(updates.state_detail) = lower(words.raw_word)
    group by updates._account_id, updates.action_id

)

select
    'impact:' || a._account_id || ':' || a.id as conversion_key,
    'impact' as network,
    a._account_id as account_id,
    a.id as conversion_id,
    a.oid as order_id,
    cast(a.media_partner_id as varchar) as publisher_id,
    a.media_partner_name as publisher_name,
    a.action_tracker_name as conversion_type,
    cast(null as varchar) as click_id,
    a.referring_date as clicked_at,
    a.event_date as occurred_at,
    a.creation_date as recorded_at,
    -- When an action was approved by hand is not told.
    case
        when words.status = 'reversed' then logged.updated_at
        when words.status = 'approved' and a.locking_date <= a._observed_at then a.locking_date
    end as status_effective_at,
    case when words.lock_state = 'open' then a.locking_date end as locks_at,
    a._observed_at as observed_at,
    words.status,
    coalesce(words.lock_state, 'unknown') as lock_state,
    case
        when words.status is null then 'unknown'
        when a.cleared_date is not null then words.payment_state_if_paid
        when words.payment_state = 'payable' then coalesce(logged.payment_state, words.payment_state)
        else words.payment_state
    end as payment_state,
    coalesce(kinds.row_kind, 'original') as row_kind,
    a.state as raw_status,
    last_reasons.reason as status_reason,
    -- A reversal takes the amounts to zero; that is no amendment.
    coalesce(
        coalesce(words.status, '') <> 'reversed'
        and (a.amount <> a.intended_amount or a.payout <> a.intended_payout),
        false
    ) as is_amended,
    cast(1 as integer) as network_rows,
    {{ money('a.amount') }} as sale_amount,
    coalesce(a.currency, accounts.currency) as sale_currency,
    case
        when a.currency is not null then 'row'
        when accounts.currency is not null then 'configuration'
    end as sale_currency_source,
    case when a.amount <> a.intended_amount then {{ money('a.intended_amount') }} end as previous_sale_amount,
    {{ money('null') }} as tracked_amount,
    cast(null as varchar) as tracked_currency,
    {{ money('a.payout') }} as publisher_commission,
    coalesce(a.currency, accounts.currency) as publisher_commission_currency,
    {{ money('a.client_cost') }} as advertiser_cost,
    coalesce(a.currency, accounts.currency) as advertiser_cost_currency,
    -- The cost is documented as the payout and all fees.
    {{ money('a.client_cost - a.payout') }} as network_fee,
    coalesce(a.currency, accounts.currency) as network_fee_currency,
    a.promo_code as voucher_code,
    case lower(a.customer_status)
        when 'new' then 'new'
        when 'existing' then 'returning'
        when 'returning' then 'returning'
    end as customer_type,
    a.customer_country as country,
    a._page_id,
    a._load_id,
    a._run_id
from actions as a
left join accounts on a._account_id = accounts.account_id
left join words on lower(a.state) = lower(words.raw_word)
left join last_reasons on a._account_id = last_reasons._account_id and a.id = last_reasons.action_id
left join further_words as kinds
    on kinds.raw_field = 'disposition' and lower(last_reasons.reason) = lower(kinds.raw_word)
left join logged on a._account_id = logged._account_id and a.id = logged.action_id
