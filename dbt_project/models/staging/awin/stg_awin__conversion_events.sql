{%- set versions = '(partition by _account_id, id order by _observed_at, _fetched_at, _row_hash)' -%}

with words as (

    select * from {{ ref('status_map__awin') }} where raw_field = 'commission_status'

),

versions as (

    select
        transactions.*,
        {{ awin_advertiser_cost() }} as advertiser_cost,
        row_number() over {{ versions }} as version_number
    from {{ source('valid_awin', 'transactions') }} as transactions

)

select
    'awin:' || v._account_id || ':' || cast(v.id as varchar) || ':' || cast(v.version_number as varchar) as event_id,
    'awin:' || v._account_id || ':' || cast(v.id as varchar) as conversion_key,
    'awin' as network,
    v._account_id as account_id,
    cast(v.id as varchar) as conversion_id,
    cast(v.id as varchar) as network_row_id,
    cast(v.version_number as integer) as version_number,
    {{ event_type("'first_seen'", 'v.version_number', 'commission_status', ['sale_amount', 'commission_amount'], versions) }} as event_type,
    case
        when v.version_number = 1 then v.transaction_date
        when words.status in ('approved', 'reversed') then coalesce(v.validation_date, v._observed_at)
        else v._observed_at
    end as event_at,
    v._observed_at as observed_at,
    words.status,
    coalesce(words.lock_state, 'unknown') as lock_state,
    {{ payment_state_of('words', 'v.paid_to_publisher') }} as payment_state,
    case when lower(v.type) like '%bonus%' then 'bonus' else 'original' end as row_kind,
    v.commission_status as raw_status,
    coalesce(v.decline_reason, v.amend_reason) as status_reason,
    {{ money('v.sale_amount') }} as sale_amount,
    {{ delta('sale_amount', versions) }} as sale_amount_delta,
    v.sale_currency,
    {{ money('v.commission_amount') }} as publisher_commission,
    {{ delta('commission_amount', versions) }} as publisher_commission_delta,
    v.commission_currency as publisher_commission_currency,
    v.advertiser_cost,
    {{ delta('advertiser_cost', versions) }} as advertiser_cost_delta,
    case when v.advertiser_cost is not null then v.commission_currency end as advertiser_cost_currency,
    v._page_id,
    v._load_id,
    v._run_id
from versions as v
left join words on lower(v.commission_status) = lower(words.raw_word)
