with words as (

    select * from {{ ref('status_map__post_affiliate_pro') }}

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'post_affiliate_pro'

),

{{ pap_links(source('valid_post_affiliate_pro', 'transactions')) }},

rows_mapped as (

    select
        t.*,
        links.conversion_id,
        case when t.transid = links.conversion_id and t.is_part = 0 then 1 else 0 end as is_sale,
        case
            when t.type_kind = 'adjustment' and coalesce(t.canonical_status, 'unknown') <> 'reversed' then 1
            else 0
        end as is_correction,
        {{ pap_sale('t.totalcost', 't.type_kind', 't.canonical_status', 't.tier') }} as counted_sale,
        {{ pap_counted('t.commission', 't.type_kind', 't.canonical_status', 't.tier', 'links.sale_status') }}
            as counted_commission,
        -- Where the sale itself is unknown, the first row of the lowest tier speaks.
        row_number() over (
            partition by t._account_id, links.conversion_id
            order by case when t.transid = links.conversion_id then 0 else 1 end, t.tier, t.dateinserted, t.transid
        ) as from_first,
        row_number() over (
            partition by t._account_id, links.conversion_id
            order by t.is_part desc, case when t.type_kind = 'adjustment' then 0 else 1 end, t.dateinserted desc, t.transid
        ) as from_last_correction,
        row_number() over (
            partition by t._account_id, links.conversion_id
            order by t._observed_at desc, t._fetched_at desc, t.transid desc
        ) as from_last_observed,
        row_number() over (
            partition by t._account_id, t.t_orderid, t.is_part, coalesce(t.type_kind, 'original')
            order by t.dateinserted, t.transid
        ) as claim_number
    from transactions as t
    inner join links on t._account_id = links._account_id and t.transid = links.transid

),

netted as (

    select
        _account_id,
        conversion_id,
        count(*) as network_rows,
        max(is_sale) as has_sale,
        sum(is_correction) as corrections,
        sum(case when canonical_status is null then 1 else 0 end) as unknown_rows,
        sum(case when canonical_status = 'pending' then 1 else 0 end) as pending_rows,
        sum(case when canonical_status = 'approved' then 1 else 0 end) as approved_rows,
        max(case when canonical_status is null then rstatus end) as unknown_word,
        max(case when from_last_correction = 1 and type_kind = 'adjustment' then rtype end) as correction_type,
        max(case when is_correction = 1 then dateinserted end) as corrected_at,
        max(_observed_at) as observed_at,
        {{ money('sum(counted_sale)') }} as sale_amount,
        {{ money('sum(counted_commission)') }} as publisher_commission,
        max(case when from_last_observed = 1 then _page_id end) as _page_id,
        max(case when from_last_observed = 1 then _load_id end) as _load_id,
        max(case when from_last_observed = 1 then _run_id end) as _run_id
    from rows_mapped
    group by _account_id, conversion_id

),

decided as (

    select
        n.*,
        r.t_orderid,
        r.userid,
        r.rtype,
        r.tier,
        r.type_kind,
        r.lastclicktime,
        r.dateinserted,
        r.dateapproved,
        r.totalcost,
        r.rstatus,
        r.lock_state,
        r.payment_state,
        r.countrycode,
        r.claim_number,
        n.has_sale = 1
        and n.corrections > 0
        and coalesce(n.sale_amount, 0) = 0
        and coalesce(n.publisher_commission, 0) = 0 as is_taken_back,
        r.canonical_status as first_status
    from netted as n
    inner join rows_mapped as r
        on n._account_id = r._account_id and n.conversion_id = r.conversion_id and r.from_first = 1

),

stated as (

    select
        *,
        case
            when unknown_rows > 0 then null
            when is_taken_back then 'reversed'
            when has_sale = 1 then first_status
            when pending_rows > 0 then 'pending'
            when approved_rows > 0 then 'approved'
            else 'reversed'
        end as status
    from decided

)

select
    'post_affiliate_pro:' || s._account_id || ':' || s.conversion_id as conversion_key,
    'post_affiliate_pro' as network,
    s._account_id as account_id,
    s.conversion_id,
    s.t_orderid as order_id,
    s.userid as publisher_id,
    -- Only the listing of affiliates names them.
    cast(null as varchar) as publisher_name,
    {{ pap_type('s.rtype') }} as conversion_type,
    cast(null as varchar) as click_id,
    s.lastclicktime as clicked_at,
    s.dateinserted as occurred_at,
    s.dateinserted as recorded_at,
    case
        when s.status = 'approved' then s.dateapproved
        when s.status = 'reversed' and s.is_taken_back then s.corrected_at
    end as status_effective_at,
    case when s.status = 'pending' then {{ approves_by_itself_at('post_affiliate_pro', 's.dateinserted') }} end as locks_at,
    s.observed_at,
    s.status,
    case when s.unknown_rows = 0 then s.lock_state else 'unknown' end as lock_state,
    case when s.unknown_rows = 0 then coalesce(s.payment_state, 'unknown') else 'unknown' end as payment_state,
    case
        when s.type_kind = 'adjustment' then 'adjustment'
        when s.tier > 1 then 'bonus'
        else coalesce(s.type_kind, 'original')
    end as row_kind,
    coalesce(s.unknown_word, s.rstatus) as raw_status,
    case
        when s.corrections > 0 then {{ pap_type('s.correction_type') }}
        when s.status = 'reversed' and s.type_kind = 'original' and s.t_orderid is not null and s.claim_number > 1
            then 'duplicate'
    end as status_reason,
    s.has_sale = 1 and s.corrections > 0 and not s.is_taken_back as is_amended,
    cast(s.network_rows as integer) as network_rows,
    s.sale_amount,
    accounts.currency as sale_currency,
    case when accounts.currency is not null then 'configuration' end as sale_currency_source,
    case when s.has_sale = 1 and s.corrections > 0 then {{ money('s.totalcost') }} end as previous_sale_amount,
    -- The buyer's currency is an internal id, which no grid explains.
    cast(null as decimal(18, 6)) as tracked_amount,
    cast(null as varchar) as tracked_currency,
    s.publisher_commission,
    accounts.currency as publisher_commission_currency,
    -- The merchant's own programme: what affiliates earn is what it costs.
    s.publisher_commission as advertiser_cost,
    accounts.currency as advertiser_cost_currency,
    cast(null as decimal(18, 6)) as network_fee,
    cast(null as varchar) as network_fee_currency,
    cast(null as varchar) as voucher_code,
    cast(null as varchar) as customer_type,
    s.countrycode as country,
    s._page_id,
    s._load_id,
    s._run_id
from stated as s
left join accounts on s._account_id = accounts.account_id
