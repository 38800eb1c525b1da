with versions as (

    select
        *,
        first_value(sale_amount) over (
            partition by _account_id, _key
            order by _observed_at, _fetched_at, _row_hash
        ) as first_sale_amount
    from {{ source('valid_everflow', 'conversions') }}

),

conversions as (

    {{ current_version('versions') }}

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'everflow'

),

words as (

    select * from {{ ref('status_map__everflow') }} where raw_field = 'status'

)

select
    'everflow:' || c._account_id || ':' || c.conversion_id as conversion_key,
    'everflow' as network,
    c._account_id as account_id,
    c.conversion_id,
    c.order_id,
    cast(c.network_affiliate_id as varchar) as publisher_id,
    c.affiliate_name as publisher_name,
    c.event as conversion_type,
    -- What is credited to an impression names that one.
    case when not coalesce(c.is_view_through, false) then c.transaction_id end as click_id,
    c.click_unix_timestamp as clicked_at,
    c.conversion_unix_timestamp as occurred_at,
    -- Everflow tells no time of recording; a row shows within minutes of the sale.
    c.conversion_unix_timestamp as recorded_at,
    cast(null as timestamp) as status_effective_at,
    case when words.status = 'pending' then {{ approves_by_itself_at('everflow', 'c.conversion_unix_timestamp') }} end
        as locks_at,
    c._observed_at as observed_at,
    words.status,
    coalesce(words.lock_state, 'unknown') as lock_state,
    case when words.status is null then 'unknown' else words.payment_state end as payment_state,
    -- Events come in one list with conversions: commission on top of an order, never the order once more.
    case when c.is_event then 'bonus' else 'original' end as row_kind,
    c.status as raw_status,
    coalesce(c.error_message, case when c.is_scrub then 'scrubbed' end) as status_reason,
    -- An amendment is known only where a version before it was seen.
    coalesce(c.sale_amount <> c.first_sale_amount, false) as is_amended,
    cast(1 as integer) as network_rows,
    {{ money('c.sale_amount') }} as sale_amount,
    coalesce(c.currency_id, accounts.currency) as sale_currency,
    case
        when c.currency_id is not null then 'row'
        when accounts.currency is not null then 'configuration'
    end as sale_currency_source,
    case when c.sale_amount <> c.first_sale_amount then {{ money('c.first_sale_amount') }} end as previous_sale_amount,
    cast(null as decimal(18, 6)) as tracked_amount,
    cast(null as varchar) as tracked_currency,
    {{ money('c.payout') }} as publisher_commission,
    coalesce(c.currency_id, accounts.currency) as publisher_commission_currency,
    {{ money('c.revenue') }} as advertiser_cost,
    coalesce(c.currency_id, accounts.currency) as advertiser_cost_currency,
    cast(null as decimal(18, 6)) as network_fee,
    cast(null as varchar) as network_fee_currency,
    c.coupon_code as voucher_code,
    cast(null as varchar) as customer_type,
    c.country,
    c._page_id,
    c._load_id,
    c._run_id
from conversions as c
left join accounts on c._account_id = accounts.account_id
left join words on lower(c.status) = lower(words.raw_word)
