{%- set versions = '(partition by v._account_id, v.transid order by v._observed_at, v._fetched_at, v._row_hash)' -%}

with words as (

    select * from {{ ref('status_map__post_affiliate_pro') }}

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'post_affiliate_pro'

),

{{ pap_links(source('valid_post_affiliate_pro', 'transactions')) }},

mapped as (

    select
        v.*,
        coalesce(links.conversion_id, v.transid) as conversion_id,
        types.row_kind as type_kind,
        states.status as canonical_status,
        states.lock_state,
        payouts.payment_state,
        {{ pap_sale('v.totalcost', 'types.row_kind', 'states.status', 'v.tier') }} as counted_sale,
        {{ pap_counted('v.commission', 'types.row_kind', 'states.status', 'v.tier', 'links.sale_status') }}
            as counted_commission
    from {{ source('valid_post_affiliate_pro', 'transactions') }} as v
    left join links on v._account_id = links._account_id and v.transid = links.transid
    left join words as types on types.raw_field = 'rtype' and lower(v.rtype) = lower(types.raw_word)
    left join words as states on states.raw_field = 'rstatus' and lower(v.rstatus) = lower(states.raw_word)
    left join words as payouts
        on payouts.raw_field = 'payoutstatus' and lower(v.payoutstatus) = lower(payouts.raw_word)

),

versions as (

    select
        v.*,
        row_number() over {{ versions }} as version_number
    from mapped as v

)

select
    'post_affiliate_pro:' || v._account_id || ':' || v.transid || ':' || cast(v.version_number as varchar) as event_id,
    'post_affiliate_pro:' || v._account_id || ':' || v.conversion_id as conversion_key,
    'post_affiliate_pro' as network,
    v._account_id as account_id,
    v.conversion_id,
    v.transid as network_row_id,
    cast(v.version_number as integer) as version_number,
    {{ event_type("case when v.type_kind = 'adjustment' then 'correction' else 'first_seen' end", 'v.version_number',
                  'v.rstatus', ['v.counted_sale', 'v.counted_commission'], versions) }} as event_type,
    case when v.version_number = 1 then v.dateinserted else v._observed_at end as event_at,
    v._observed_at as observed_at,
    v.canonical_status as status,
    coalesce(v.lock_state, 'unknown') as lock_state,
    case when v.canonical_status is null then 'unknown' else coalesce(v.payment_state, 'unknown') end as payment_state,
    case
        when v.type_kind = 'adjustment' then 'adjustment'
        when v.tier > 1 then 'bonus'
        else coalesce(v.type_kind, 'original')
    end as row_kind,
    v.rstatus as raw_status,
    case when v.type_kind = 'adjustment' then {{ pap_type('v.rtype') }} end as status_reason,
    {{ money('v.counted_sale') }} as sale_amount,
    {{ delta('v.counted_sale', versions) }} as sale_amount_delta,
    accounts.currency as sale_currency,
    {{ money('v.counted_commission') }} as publisher_commission,
    {{ delta('v.counted_commission', versions) }} as publisher_commission_delta,
    accounts.currency as publisher_commission_currency,
    {{ money('v.counted_commission') }} as advertiser_cost,
    {{ delta('v.counted_commission', versions) }} as advertiser_cost_delta,
    accounts.currency as advertiser_cost_currency,
    v._page_id,
    v._load_id,
    v._run_id
from versions as v
left join accounts on v._account_id = accounts.account_id
