{%- set versions = '(partition by v._account_id, v.row_id order by v._observed_at, v._fetched_at, v._row_hash)' -%}

with accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'voluum'

),

rows_of_sales as (

    {{ voluum_rows(source('valid_voluum', 'conversions')) }}

),

versions as (

    select
        v.*,
        r.conversion_id,
        r.is_adjustment,
        row_number() over {{ versions }} as version_number
    from {{ source('valid_voluum', 'conversions') }} as v
    inner join rows_of_sales as r on v._account_id = r._account_id and v.row_id = r.row_id

)

select
    'voluum:' || v._account_id || ':' || v.row_id || ':' || cast(v.version_number as varchar) as event_id,
    'voluum:' || v._account_id || ':' || v.conversion_id as conversion_key,
    'voluum' as network,
    v._account_id as account_id,
    v.conversion_id,
    v.row_id as network_row_id,
    cast(v.version_number as integer) as version_number,
    {{ event_type("case when v.is_adjustment then 'correction' else 'first_seen' end", 'v.version_number',
                  'cast(null as varchar)', ['v.revenue'], versions) }} as event_type,
    case when v.version_number = 1 then v.postback_timestamp else v._observed_at end as event_at,
    v._observed_at as observed_at,
    'untracked_status' as status,
    'unknown' as lock_state,
    'unknown' as payment_state,
    case when v.is_adjustment then 'adjustment' else 'original' end as row_kind,
    cast(null as varchar) as raw_status,
    cast(null as varchar) as status_reason,
    cast(null as decimal(18, 6)) as sale_amount,
    cast(null as decimal(18, 6)) as sale_amount_delta,
    accounts.currency as sale_currency,
    {{ money('v.revenue') }} as publisher_commission,
    {{ delta('v.revenue', versions) }} as publisher_commission_delta,
    accounts.currency as publisher_commission_currency,
    cast(null as decimal(18, 6)) as advertiser_cost,
    cast(null as decimal(18, 6)) as advertiser_cost_delta,
    cast(null as varchar) as advertiser_cost_currency,
    v._page_id,
    v._load_id,
    v._run_id
from versions as v
left join accounts on v._account_id = accounts.account_id
