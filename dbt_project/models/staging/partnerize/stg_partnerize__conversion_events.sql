{%- set versions -%}
(partition by _account_id, conversion_id, conversion_item_id order by _observed_at, _fetched_at, _row_hash)
{%- endset -%}

with words as (

    select * from {{ ref('status_map__partnerize') }} where raw_field = 'item_status'

),

-- A rejected item keeps its amounts at Partnerize, but nothing is owed for it.
versions as (

    select
        i.*,
        words.status as item_canonical,
        coalesce(words.lock_state, 'unknown') as item_lock_state,
        {{ payment_state_of('words', 'i.invoice_paid_at is not null') }} as item_payment_state,
        case when words.status = 'reversed' then 0 else i.item_amount end as owed_amount,
        case when words.status = 'reversed' then 0 else i.item_publisher_commission end as owed_publisher_commission,
        case when words.status = 'reversed' then 0 else i.item_commission end as owed_commission
    from {{ source('valid_partnerize', 'conversion_items') }} as i
    left join words on lower(i.item_status) = lower(words.raw_word)

),

numbered as (

    select
        v.*,
        row_number() over {{ versions }} as version_number,
        row_number() over (
            partition by _account_id, conversion_id, conversion_item_id
            order by _observed_at desc, _fetched_at desc, _row_hash desc
        ) as from_last,
        row_number() over (
            partition by _account_id, conversion_id
            order by _observed_at desc, _fetched_at desc, last_modified desc, conversion_item_id
        ) as from_newest
    from versions as v

),

-- Items that the newest answer about their conversion no longer has.
gone as (

    select
        n.*,
        c.last_modified as gone_at,
        c._observed_at as gone_observed_at,
        c._page_id as gone_page_id,
        c._load_id as gone_load_id,
        c._run_id as gone_run_id
    from numbered as n
    inner join numbered as c
        on n._account_id = c._account_id and n.conversion_id = c.conversion_id and c.from_newest = 1
    where n.from_last = 1 and ' ' || c.conversion_item_ids || ' ' not like '% ' || n.conversion_item_id || ' %'

)

select
    'partnerize:' || v._account_id || ':' || v.conversion_id || ':' || v.conversion_item_id || ':'
    || cast(v.version_number as varchar) as event_id,
    'partnerize:' || v._account_id || ':' || v.conversion_id as conversion_key,
    'partnerize' as network,
    v._account_id as account_id,
    v.conversion_id,
    v.conversion_item_id as network_row_id,
    cast(v.version_number as integer) as version_number,
    {{ event_type("'first_seen'", 'v.version_number', 'item_status', ['owed_amount', 'owed_publisher_commission'], versions) }} as event_type,
    case
        when v.version_number = 1 then v.conversion_time
        when v.item_canonical = 'approved' then coalesce(v.approved_at, v.item_updated_at, v.last_modified)
        else coalesce(v.item_updated_at, v.last_modified)
    end as event_at,
    v._observed_at as observed_at,
    v.item_canonical as status,
    v.item_lock_state as lock_state,
    v.item_payment_state as payment_state,
    'original' as row_kind,
    v.item_status as raw_status,
    v.reject_reason as status_reason,
    {{ money('v.owed_amount') }} as sale_amount,
    {{ delta('owed_amount', versions) }} as sale_amount_delta,
    v.currency as sale_currency,
    {{ money('v.owed_publisher_commission') }} as publisher_commission,
    {{ delta('owed_publisher_commission', versions) }} as publisher_commission_delta,
    v.currency as publisher_commission_currency,
    {{ money('v.owed_commission') }} as advertiser_cost,
    {{ delta('owed_commission', versions) }} as advertiser_cost_delta,
    v.currency as advertiser_cost_currency,
    v._page_id,
    v._load_id,
    v._run_id
from numbered as v

union all

select
    'partnerize:' || g._account_id || ':' || g.conversion_id || ':' || g.conversion_item_id || ':'
    || cast(g.version_number + 1 as varchar) as event_id,
    'partnerize:' || g._account_id || ':' || g.conversion_id as conversion_key,
    'partnerize' as network,
    g._account_id as account_id,
    g.conversion_id,
    g.conversion_item_id as network_row_id,
    cast(g.version_number + 1 as integer) as version_number,
    'correction' as event_type,
    g.gone_at as event_at,
    g.gone_observed_at as observed_at,
    'deleted' as status,
    'unknown' as lock_state,
    'unpaid' as payment_state,
    'original' as row_kind,
    cast(null as varchar) as raw_status,
    'no longer in the conversion' as status_reason,
    {{ money('0') }} as sale_amount,
    {{ money('-g.owed_amount') }} as sale_amount_delta,
    g.currency as sale_currency,
    {{ money('0') }} as publisher_commission,
    {{ money('-g.owed_publisher_commission') }} as publisher_commission_delta,
    g.currency as publisher_commission_currency,
    {{ money('0') }} as advertiser_cost,
    {{ money('-g.owed_commission') }} as advertiser_cost_delta,
    g.currency as advertiser_cost_currency,
    g.gone_page_id as _page_id,
    g.gone_load_id as _load_id,
    g.gone_run_id as _run_id
from gone as g
