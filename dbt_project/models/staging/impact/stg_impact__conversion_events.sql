{%- set versions = '(partition by v._account_id, v.id order by v._observed_at, v._fetched_at, v._row_hash)' -%}

with words as (

    select * from {{ ref('status_map__impact') }}

),

versions as (

    select
        v.*,
        row_number() over {{ versions }} as version_number
    from {{ source('valid_impact', 'actions') }} as v

),

updates as (

    {{ current_version(source('valid_impact', 'action_updates')) }}

),

-- What the network's own log had said of the action by the time of the version.
last_reasons as (

    select *
    from (
        select
            v._account_id,
            v.id,
            v.version_number,
            u.disposition as reason,
            u.update_date,
            row_number() over (
                partition by v._account_id, v.id, v.version_number
                order by u.update_date desc, u.id desc
            ) as recency
        from versions as v
        inner join updates as u
            on v._account_id = u._account_id and v.id = u.action_id and u.update_date <= v._observed_at
        where u.disposition not in ('IR_BLANK', '')
    ) as reasons
    where recency = 1

)

select
    'impact:' || v._account_id || ':' || v.id || ':' || cast(v.version_number as varchar) as event_id,
    'impact:' || v._account_id || ':' || v.id as conversion_key,
    'impact' as network,
    v._account_id as account_id,
    v.id as conversion_id,
    v.id as network_row_id,
    cast(v.version_number as integer) as version_number,
    {{ event_type("'first_seen'", 'v.version_number', 'v.state', ['v.amount', 'v.payout'], versions) }} as event_type,
    case
        when v.version_number = 1 then v.event_date
        when words.status = 'reversed' then coalesce(last_reasons.update_date, v._observed_at)
        when words.status = 'approved' and v.locking_date <= v._observed_at then v.locking_date
        else v._observed_at
    end as event_at,
    v._observed_at as observed_at,
    words.status,
    coalesce(words.lock_state, 'unknown') as lock_state,
    {{ payment_state_of('words', 'v.cleared_date is not null') }} as payment_state,
    coalesce(kinds.row_kind, 'original') as row_kind,
    v.state as raw_status,
    last_reasons.reason as status_reason,
    {{ money('v.amount') }} as sale_amount,
    {{ delta('v.amount', versions) }} as sale_amount_delta,
    v.currency as sale_currency,
    {{ money('v.payout') }} as publisher_commission,
    {{ delta('v.payout', versions) }} as publisher_commission_delta,
    v.currency as publisher_commission_currency,
    {{ money('v.client_cost') }} as advertiser_cost,
    {{ delta('v.client_cost', versions) }} as advertiser_cost_delta,
    v.currency as advertiser_cost_currency,
    v._page_id,
    v._load_id,
    v._run_id
from versions as v
left join words on words.raw_field = 'state' and lower(v.state) = lower(words.raw_word)
left join last_reasons
    on v._account_id = last_reasons._account_id
    and v.id = last_reasons.id
    and v.version_number = last_reasons.version_number
left join words as kinds on kinds.raw_field = 'disposition' and lower(last_reasons.reason) = lower(kinds.raw_word)
