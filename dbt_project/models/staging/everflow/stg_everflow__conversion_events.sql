{%- set versions = '(partition by _account_id, conversion_id order by _observed_at, _fetched_at, _row_hash)' -%}

with words as (

    select * from {{ ref('status_map__everflow') }} where raw_field = 'status'

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'everflow'

),

versions as (

    select
        conversions.*,
        row_number() over {{ versions }} as version_number
    from {{ source('valid_everflow', 'conversions') }} as conversions

)

select
    'everflow:' || v._account_id || ':' || v.conversion_id || ':' || cast(v.version_number as varchar) as event_id,
    'everflow:' || v._account_id || ':' || v.conversion_id as conversion_key,
    'everflow' as network,
    v._account_id as account_id,
    v.conversion_id,
    v.conversion_id as network_row_id,
    cast(v.version_number as integer) as version_number,
    {{ event_type("'first_seen'", 'v.version_number', 'v.status', ['sale_amount', 'payout', 'revenue'], versions) }}
        as event_type,
    -- No change has a date of its own: it happened at the latest when it was seen.
    case when v.version_number = 1 then v.conversion_unix_timestamp else v._observed_at end as event_at,
    v._observed_at as observed_at,
    words.status,
    coalesce(words.lock_state, 'unknown') as lock_state,
    case when words.status is null then 'unknown' else words.payment_state end as payment_state,
    case when v.is_event then 'bonus' else 'original' end as row_kind,
    v.status as raw_status,
    coalesce(v.error_message, case when v.is_scrub then 'scrubbed' end) as status_reason,
    {{ money('v.sale_amount') }} as sale_amount,
    {{ delta('sale_amount', versions) }} as sale_amount_delta,
    coalesce(v.currency_id, accounts.currency) as sale_currency,
    {{ money('v.payout') }} as publisher_commission,
    {{ delta('payout', versions) }} as publisher_commission_delta,
    coalesce(v.currency_id, accounts.currency) as publisher_commission_currency,
    {{ money('v.revenue') }} as advertiser_cost,
    {{ delta('revenue', versions) }} as advertiser_cost_delta,
    coalesce(v.currency_id, accounts.currency) as advertiser_cost_currency,
    v._page_id,
    v._load_id,
    v._run_id
from versions as v
left join accounts on v._account_id = accounts.account_id
left join words on lower(v.status) = lower(words.raw_word)
