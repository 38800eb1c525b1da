{%- set versions = '(partition by _account_id, transaction_id order by _observed_at, _fetched_at, _row_hash)' -%}

with words as (

    select * from {{ ref('status_map__tradedoubler') }} where raw_field = 'status'

),

kinds as (

    select * from {{ ref('status_map__tradedoubler') }} where raw_field = 'event_type_id'

),

versions as (

    select
        transactions.*,
        row_number() over {{ versions }} as version_number
    from {{ source('valid_tradedoubler', 'transactions') }} as transactions

)

select
    'tradedoubler:' || v._account_id || ':' || cast(v.transaction_id as varchar) || ':' || cast(v.version_number as varchar)
        as event_id,
    'tradedoubler:' || v._account_id || ':' || cast(v.transaction_id as varchar) as conversion_key,
    'tradedoubler' as network,
    v._account_id as account_id,
    cast(v.transaction_id as varchar) as conversion_id,
    cast(v.transaction_id as varchar) as network_row_id,
    cast(v.version_number as integer) as version_number,
    {{ event_type("'first_seen'", 'v.version_number', 'v.status', ['order_value', 'commission'], versions) }} as event_type,
    case
        when v.version_number = 1 then v.time_of_transaction
        else coalesce(v.time_of_last_modified, v._observed_at)
    end as event_at,
    v._observed_at as observed_at,
    words.status,
    coalesce(words.lock_state, 'unknown') as lock_state,
    {{ payment_state_of('words', 'v.paid') }} as payment_state,
    coalesce(kinds.row_kind, 'original') as row_kind,
    v.status as raw_status,
    cast(null as varchar) as status_reason,
    {{ money('v.order_value') }} as sale_amount,
    {{ delta('order_value', versions) }} as sale_amount_delta,
    v.report_currency as sale_currency,
    {{ money('v.commission') }} as publisher_commission,
    {{ delta('commission', versions) }} as publisher_commission_delta,
    v.report_currency as publisher_commission_currency,
    {{ money('null') }} as advertiser_cost,
    {{ money('null') }} as advertiser_cost_delta,
    cast(null as varchar) as advertiser_cost_currency,
    v._page_id,
    v._load_id,
    v._run_id
from versions as v
left join words on lower(v.status) = lower(words.raw_word)
left join kinds on cast(v.event_type_id as varchar) = kinds.raw_word
