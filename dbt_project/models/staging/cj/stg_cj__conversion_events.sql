{%- set versions = '(partition by _account_id, commission_id order by _observed_at, _fetched_at, _row_hash)' -%}

with words as (

    select * from {{ ref('status_map__cj') }}

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'cj'

),

versions as (

    select
        commissions.*,
        row_number() over {{ versions }} as version_number
    from {{ source('valid_cj', 'commissions') }} as commissions

)

select
    'cj:' || v._account_id || ':' || v.commission_id || ':' || cast(v.version_number as varchar) as event_id,
    'cj:' || v._account_id || ':' || v.original_action_id as conversion_key,
    'cj' as network,
    v._account_id as account_id,
    v.original_action_id as conversion_id,
    v.commission_id as network_row_id,
    cast(v.version_number as integer) as version_number,
    {{ event_type("case when v.original then 'first_seen' else 'correction' end", 'v.version_number', 'action_status',
                  ['sale_amount_adv_currency', 'pub_commission_amount_usd'], versions) }} as event_type,
    case when v.version_number = 1 then v.posting_date else v._observed_at end as event_at,
    v._observed_at as observed_at,
    case
        when action.status is null then null
        else coalesce(validation.status, action.status)
    end as status,
    coalesce(action.lock_state, 'unknown') as lock_state,
    case
        when action.status is null then 'unknown'
        else coalesce(validation.payment_state, action.payment_state)
    end as payment_state,
    case
        when kind.row_kind is not null then kind.row_kind
        when v.original then 'original'
        when v.sale_amount_adv_currency < 0 or v.pub_commission_amount_usd < 0 then 'adjustment'
        else 'restatement'
    end as row_kind,
    v.action_status as raw_status,
    coalesce(
        v.correction_reason,
        case when validation.status = 'reversed' then 'validation DECLINED' end
    ) as status_reason,
    {{ money('v.sale_amount_adv_currency') }} as sale_amount,
    {{ delta('sale_amount_adv_currency', versions) }} as sale_amount_delta,
    accounts.currency as sale_currency,
    {{ money('v.pub_commission_amount_usd') }} as publisher_commission,
    {{ delta('pub_commission_amount_usd', versions) }} as publisher_commission_delta,
    'USD' as publisher_commission_currency,
    {{ money('v.adv_commission_amount_adv_currency') }} as advertiser_cost,
    {{ delta('adv_commission_amount_adv_currency', versions) }} as advertiser_cost_delta,
    accounts.currency as advertiser_cost_currency,
    v._page_id,
    v._load_id,
    v._run_id
from versions as v
left join accounts on v._account_id = accounts.account_id
left join words as action
    on action.raw_field = 'action_status' and lower(v.action_status) = lower(action.raw_word)
left join words as validation
    on validation.raw_field = 'validation_status' and lower(v.validation_status) = lower(validation.raw_word)
left join words as kind
    on kind.raw_field = 'action_type' and lower(v.action_type) = lower(kind.raw_word)
