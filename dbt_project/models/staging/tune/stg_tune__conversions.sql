with words as (

    select * from {{ ref('status_map__tune') }}

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'tune'

),

{{ tune_links(source('valid_tune', 'conversions')) }},

rows_mapped as (

    select
        c.*,
        coalesce(links.conversion_id, c.tune_event_id) as conversion_id,
        links.conversion_id is not null as is_correction,
        states.status as canonical_status,
        states.lock_state,
        states.payment_state,
        {{ tune_amount('c.sale_amount', 'c.code_kind', 'states.status') }} as counted_sale,
        {{ tune_amount('c.payout', 'c.code_kind', 'states.status') }} as counted_payout,
        {{ tune_amount('c.revenue', 'c.code_kind', 'states.status') }} as counted_revenue,
        row_number() over (
            partition by c._account_id, coalesce(links.conversion_id, c.tune_event_id)
            order by c._observed_at desc, c._fetched_at desc, c.tune_event_id desc
        ) as from_last_observed
    from conversions as c
    left join links on c._account_id = links._account_id and c.tune_event_id = links.tune_event_id
    left join words as states on states.raw_field = 'status' and lower(c.status) = lower(states.raw_word)

),

families as (

    select
        _account_id,
        conversion_id,
        count(*) as network_rows,
        sum(case when canonical_status is null then 1 else 0 end) as unknown_rows,
        sum(case when is_correction and coalesce(canonical_status, 'unknown') <> 'reversed' then 1 else 0 end) as corrections,
        max(case when canonical_status is null then status end) as unknown_word,
        max(_observed_at) as observed_at,
        {{ money('sum(counted_sale)') }} as sale_amount,
        {{ money('sum(counted_payout)') }} as publisher_commission,
        {{ money('sum(counted_revenue)') }} as advertiser_cost,
        max(case when from_last_observed = 1 then _page_id end) as _page_id,
        max(case when from_last_observed = 1 then _load_id end) as _load_id,
        max(case when from_last_observed = 1 then _run_id end) as _run_id
    from rows_mapped
    group by _account_id, conversion_id

)

select
    'tune:' || f._account_id || ':' || f.conversion_id as conversion_key,
    'tune' as network,
    f._account_id as account_id,
    f.conversion_id,
    r.advertiser_info as order_id,
    r.affiliate_id as publisher_id,
    r.affiliate_company as publisher_name,
    coalesce(r.goal_name, 'goal ' || cast(r.goal_id as varchar)) as conversion_type,
    r.ad_id as click_id,
    r.session_datetime as clicked_at,
    r.datetime as occurred_at,
    -- TUNE tells no time of recording.
    r.datetime as recorded_at,
    -- Nor when a state began.
    cast(null as timestamp) as status_effective_at,
    case
        when f.unknown_rows = 0 and r.canonical_status = 'pending'
            then {{ approves_by_itself_at('tune', 'r.datetime') }}
    end as locks_at,
    f.observed_at,
    case when f.unknown_rows = 0 then r.canonical_status end as status,
    case when f.unknown_rows = 0 then r.lock_state else 'unknown' end as lock_state,
    case when f.unknown_rows = 0 then r.payment_state else 'unknown' end as payment_state,
    case
        when r.code_kind is not null then r.code_kind
        when r.goal_id <> 0 then 'bonus'
        else 'original'
    end as row_kind,
    coalesce(f.unknown_word, r.status) as raw_status,
    coalesce(
        {{ tune_reason('r.status_code') }},
        case when f.corrections > 0 then 'adjustment' end
    ) as status_reason,
    f.corrections > 0 as is_amended,
    cast(f.network_rows as integer) as network_rows,
    f.sale_amount,
    coalesce(r.currency, accounts.currency) as sale_currency,
    case
        when r.currency is not null then 'row'
        when accounts.currency is not null then 'configuration'
    end as sale_currency_source,
    case when f.corrections > 0 then {{ money('r.sale_amount') }} end as previous_sale_amount,
    cast(null as decimal(18, 6)) as tracked_amount,
    cast(null as varchar) as tracked_currency,
    f.publisher_commission,
    coalesce(r.currency, accounts.currency) as publisher_commission_currency,
    f.advertiser_cost,
    coalesce(r.currency, accounts.currency) as advertiser_cost_currency,
    cast(null as decimal(18, 6)) as network_fee,
    cast(null as varchar) as network_fee_currency,
    cast(null as varchar) as voucher_code,
    cast(null as varchar) as customer_type,
    cast(null as varchar) as country,
    f._page_id,
    f._load_id,
    f._run_id
from families as f
inner join rows_mapped as r on f._account_id = r._account_id and f.conversion_id = r.tune_event_id
left join accounts on f._account_id = accounts.account_id
