with transactions as (

    {{ current_version(source('valid_tradedoubler', 'transactions')) }}

),

-- The network does not tell what an amount was before: the first version that was read does.
first_versions as (

    select
        _account_id,
        transaction_id,
        order_value,
        report_currency,
        row_number() over (
            partition by _account_id, transaction_id
            order by _observed_at, _fetched_at, _row_hash
        ) as version_number
    from {{ source('valid_tradedoubler', 'transactions') }}

),

words as (

    select * from {{ ref('status_map__tradedoubler') }} where raw_field = 'status'

),

kinds as (

    select * from {{ ref('status_map__tradedoubler') }} where raw_field = 'event_type_id'

)

select
    'tradedoubler:' || t._account_id || ':' || cast(t.transaction_id as varchar) as conversion_key,
    'tradedoubler' as network,
    t._account_id as account_id,
    cast(t.transaction_id as varchar) as conversion_id,
    coalesce(t.order_number, t.lead_number) as order_id,
    cast(t.source_id as varchar) as publisher_id,
    t.source_name as publisher_name,
    t.event_name as conversion_type,
    cast(null as varchar) as click_id,
    t.time_of_last_click as clicked_at,
    t.time_of_transaction as occurred_at,
    t.time_of_create as recorded_at,
    case when words.status in ('approved', 'reversed') then t.time_of_last_modified end as status_effective_at,
    case
        when words.lock_state = 'open' and coalesce(lower(t.pending_rule), '') <> 'auto_deny'
            then {{ approves_by_itself_at('tradedoubler', 't.time_of_transaction') }}
    end as locks_at,
    t._observed_at as observed_at,
    words.status,
    coalesce(words.lock_state, 'unknown') as lock_state,
    {{ payment_state_of('words', 't.paid') }} as payment_state,
    coalesce(kinds.row_kind, 'original') as row_kind,
    t.status as raw_status,
    cast(null as varchar) as status_reason,
    -- A decision sets `modified` as well, so that alone it says nothing of the amount.
    case
        when t.report_currency = f.report_currency and t.order_value <> f.order_value then true
        when not t.modified then false
    end as is_amended,
    cast(1 as integer) as network_rows,
    {{ money('t.order_value') }} as sale_amount,
    t.report_currency as sale_currency,
    case when t.report_currency is not null then 'row' end as sale_currency_source,
    case
        when t.report_currency = f.report_currency and t.order_value <> f.order_value
            then {{ money('f.order_value') }}
    end as previous_sale_amount,
    {{ money('null') }} as tracked_amount,
    cast(null as varchar) as tracked_currency,
    {{ money('t.commission') }} as publisher_commission,
    t.report_currency as publisher_commission_currency,
    {{ money('null') }} as advertiser_cost,
    cast(null as varchar) as advertiser_cost_currency,
    {{ money('null') }} as network_fee,
    cast(null as varchar) as network_fee_currency,
    t.voucher_code,
    cast(null as varchar) as customer_type,
    cast(null as varchar) as country,
    t._page_id,
    t._load_id,
    t._run_id
from transactions as t
left join first_versions as f
    on t._account_id = f._account_id and t.transaction_id = f.transaction_id and f.version_number = 1
left join words on lower(t.status) = lower(words.raw_word)
left join kinds on cast(t.event_type_id as varchar) = kinds.raw_word
