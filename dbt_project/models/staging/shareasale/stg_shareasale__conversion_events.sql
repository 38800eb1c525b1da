{%- set versions = '(partition by _account_id, trans_id order by _observed_at, _fetched_at, _row_hash)' -%}

with words as (

    select * from {{ ref('status_map__shareasale') }} where raw_field in ('voided', 'locked')

),

types as (

    select * from {{ ref('status_map__shareasale') }} where raw_field = 'trans_type'

),

versions as (

    select
        activity.*,
        {{ shareasale_state('activity') }} as raw_status,
        row_number() over {{ versions }} as version_number
    from {{ source('valid_shareasale', 'activity') }} as activity

)

select
    'shareasale:' || v._account_id || ':' || v.trans_id || ':' || cast(v.version_number as varchar) as event_id,
    'shareasale:' || v._account_id || ':' || v.trans_id as conversion_key,
    'shareasale' as network,
    v._account_id as account_id,
    v.trans_id as conversion_id,
    v.trans_id as network_row_id,
    cast(v.version_number as integer) as version_number,
    {{ event_type("'first_seen'", 'v.version_number', 'v.raw_status', ['trans_amount', 'commission'], versions) }} as event_type,
    case
        when v.version_number = 1 then v.trans_date
        when words.status = 'reversed' then coalesce(v.reversal_date, v._observed_at)
        else v._observed_at
    end as event_at,
    v._observed_at as observed_at,
    words.status,
    coalesce(words.lock_state, 'unknown') as lock_state,
    {{ payment_state_of('words', 'v.paid_date is not null') }} as payment_state,
    coalesce(types.row_kind, 'original') as row_kind,
    v.raw_status,
    cast(null as varchar) as status_reason,
    {{ money('v.trans_amount') }} as sale_amount,
    {{ delta('trans_amount', versions) }} as sale_amount_delta,
    'USD' as sale_currency,
    {{ money('v.commission') }} as publisher_commission,
    {{ delta('commission', versions) }} as publisher_commission_delta,
    'USD' as publisher_commission_currency,
    cast(null as decimal(18, 6)) as advertiser_cost,
    cast(null as decimal(18, 6)) as advertiser_cost_delta,
    cast(null as varchar) as advertiser_cost_currency,
    v._page_id,
    v._load_id,
    v._run_id
from versions as v
left join words on v.raw_status = words.raw_field || '=' || words.raw_word
left join types on lower(v.trans_type) = lower(types.raw_word)
