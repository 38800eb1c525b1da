{%- set versions = '(partition by _account_id, id order by _observed_at, _fetched_at, _row_hash)' -%}

with words as (

    select * from {{ ref('status_map__commission_factory') }} where raw_field = 'status2'

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'commission_factory'

),

versions as (

    select
        transactions.*,
        row_number() over {{ versions }} as version_number
    from {{ source('valid_commission_factory', 'transactions') }} as transactions

)

select
    'commission_factory:' || v._account_id || ':' || cast(v.id as varchar) || ':' || cast(v.version_number as varchar)
        as event_id,
    'commission_factory:' || v._account_id || ':' || cast(v.id as varchar) as conversion_key,
    'commission_factory' as network,
    v._account_id as account_id,
    cast(v.id as varchar) as conversion_id,
    cast(v.id as varchar) as network_row_id,
    cast(v.version_number as integer) as version_number,
    {{ event_type("'first_seen'", 'v.version_number', 'status2', ['sale_value', 'commission'], versions) }} as event_type,
    -- A later version begins with the last change of the record, which is when it became what it is.
    case when v.version_number = 1 then v.date_created else v.date_modified end as event_at,
    v._observed_at as observed_at,
    words.status,
    coalesce(words.lock_state, 'unknown') as lock_state,
    coalesce(words.payment_state, 'unknown') as payment_state,
    'original' as row_kind,
    v.status2 as raw_status,
    coalesce(v.void_reason, v.amended_reason) as status_reason,
    {{ money('v.sale_value') }} as sale_amount,
    {{ delta('sale_value', versions) }} as sale_amount_delta,
    accounts.currency as sale_currency,
    {{ money('v.commission') }} as publisher_commission,
    {{ delta('commission', versions) }} as publisher_commission_delta,
    accounts.currency as publisher_commission_currency,
    cast(null as decimal(18, 6)) as advertiser_cost,
    cast(null as decimal(18, 6)) as advertiser_cost_delta,
    cast(null as varchar) as advertiser_cost_currency,
    v._page_id,
    v._load_id,
    v._run_id
from versions as v
left join accounts on v._account_id = accounts.account_id
left join words on lower(v.status2) = lower(words.raw_word)
