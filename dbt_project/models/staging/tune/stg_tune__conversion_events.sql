{%- set versions = '(partition by v._account_id, v.tune_event_id order by v._observed_at, v._fetched_at, v._row_hash)' -%}

with words as (

    select * from {{ ref('status_map__tune') }}

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'tune'

),

{{ tune_links(source('valid_tune', 'conversions')) }},

mapped as (

    select
        c.*,
        codes.row_kind as code_kind,
        states.status as canonical_status,
        states.lock_state,
        states.payment_state,
        {{ tune_amount('c.sale_amount', 'codes.row_kind', 'states.status') }} as counted_sale,
        {{ tune_amount('c.payout', 'codes.row_kind', 'states.status') }} as counted_payout,
        {{ tune_amount('c.revenue', 'codes.row_kind', 'states.status') }} as counted_revenue
    from {{ source('valid_tune', 'conversions') }} as c
    left join words as states on states.raw_field = 'status' and lower(c.status) = lower(states.raw_word)
    left join words as codes on codes.raw_field = 'status_code' and lower(c.status_code) = lower(codes.raw_word)

),

versions as (

    select
        v.*,
        row_number() over {{ versions }} as version_number
    from mapped as v

)

select
    'tune:' || v._account_id || ':' || v.tune_event_id || ':' || cast(v.version_number as varchar) as event_id,
    'tune:' || v._account_id || ':' || coalesce(links.conversion_id, v.tune_event_id) as conversion_key,
    'tune' as network,
    v._account_id as account_id,
    coalesce(links.conversion_id, v.tune_event_id) as conversion_id,
    v.tune_event_id as network_row_id,
    cast(v.version_number as integer) as version_number,
    {{ event_type("case when v.code_kind = 'adjustment' then 'correction' else 'first_seen' end", 'v.version_number',
                  'v.status', ['v.counted_sale', 'v.counted_payout'], versions) }} as event_type,
    case when v.version_number = 1 then v.datetime else v._observed_at end as event_at,
    v._observed_at as observed_at,
    v.canonical_status as status,
    coalesce(v.lock_state, 'unknown') as lock_state,
    coalesce(v.payment_state, 'unknown') as payment_state,
    case
        when v.code_kind is not null then v.code_kind
        when v.goal_id <> 0 then 'bonus'
        else 'original'
    end as row_kind,
    v.status as raw_status,
    {{ tune_reason('v.status_code') }} as status_reason,
    {{ money('v.counted_sale') }} as sale_amount,
    {{ delta('v.counted_sale', versions) }} as sale_amount_delta,
    coalesce(v.currency, accounts.currency) as sale_currency,
    {{ money('v.counted_payout') }} as publisher_commission,
    {{ delta('v.counted_payout', versions) }} as publisher_commission_delta,
    coalesce(v.currency, accounts.currency) as publisher_commission_currency,
    {{ money('v.counted_revenue') }} as advertiser_cost,
    {{ delta('v.counted_revenue', versions) }} as advertiser_cost_delta,
    coalesce(v.currency, accounts.currency) as advertiser_cost_currency,
    v._page_id,
    v._load_id,
    v._run_id
from versions as v
left join links on v._account_id = links._account_id and v.tune_event_id = links.tune_event_id
left join accounts on v._account_id = accounts.account_id
