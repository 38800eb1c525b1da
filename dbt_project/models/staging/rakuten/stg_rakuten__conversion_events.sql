{%- set versions = '(partition by _account_id, line_id order by _observed_at, _fetched_at, _row_hash)' -%}

with accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'rakuten'

),

lines as (

    {{ rakuten_lines(source('valid_rakuten', 'ledger')) }}

),

versions as (

    select
        *,
        row_number() over {{ versions }} as version_number
    from lines

)

select
    'rakuten:' || v._account_id || ':' || v.line_id || ':' || cast(v.version_number as varchar) as event_id,
    'rakuten:' || v._account_id || ':' || v.conversion_id as conversion_key,
    'rakuten' as network,
    v._account_id as account_id,
    v.conversion_id,
    v.line_id as network_row_id,
    cast(v.version_number as integer) as version_number,
    {{ event_type("case when v.is_adjustment then 'correction' else 'first_seen' end", 'v.version_number',
                  'cast(null as varchar)', ['sales', 'total_commission'], versions) }} as event_type,
    case when v.version_number = 1 then v.process_at else v._observed_at end as event_at,
    v._observed_at as observed_at,
    'untracked_status' as status,
    'unknown' as lock_state,
    'unknown' as payment_state,
    case when v.is_adjustment then 'adjustment' else 'original' end as row_kind,
    cast(null as varchar) as raw_status,
    cast(null as varchar) as status_reason,
    {{ money('v.sales') }} as sale_amount,
    {{ delta('sales', versions) }} as sale_amount_delta,
    coalesce(v.currency, accounts.currency) as sale_currency,
    {{ money('v.total_commission') }} as publisher_commission,
    {{ delta('total_commission', versions) }} as publisher_commission_delta,
    coalesce(v.currency, accounts.currency) as publisher_commission_currency,
    cast(null as decimal(18, 6)) as advertiser_cost,
    cast(null as decimal(18, 6)) as advertiser_cost_delta,
    cast(null as varchar) as advertiser_cost_currency,
    v._page_id,
    v._load_id,
    v._run_id
from versions as v
left join accounts on v._account_id = accounts.account_id
