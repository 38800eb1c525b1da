with activity as (

    select
        current_activity.*,
        {{ shareasale_state('current_activity') }} as raw_status
    from (
        {{ current_version(source('valid_shareasale', 'activity')) }}
    ) as current_activity

),

seen as (

    select
        _account_id,
        trans_id,
        trans_amount,
        row_number() over (
            partition by _account_id, trans_id order by _observed_at, _fetched_at, _row_hash
        ) as version_number
    from {{ source('valid_shareasale', 'activity') }}

),

words as (

    select * from {{ ref('status_map__shareasale') }} where raw_field in ('voided', 'locked')

),

types as (

    select * from {{ ref('status_map__shareasale') }} where raw_field = 'trans_type'

)

select
    'shareasale:' || a._account_id || ':' || a.trans_id as conversion_key,
    'shareasale' as network,
    a._account_id as account_id,
    a.trans_id as conversion_id,
    -- The number stands in a comment, behind the type of transaction where the shop's tag writes that too.
    case when types.row_kind = 'original' then nullif(trim(regexp_replace(a.comment, '^Sale - ?', '')), '') end as order_id,
    a.user_id as publisher_id,
    cast(null as varchar) as publisher_name,
    a.trans_type as conversion_type,
    cast(null as varchar) as click_id,
    a.clicked_at,
    a.trans_date as occurred_at,
    a.trans_date as recorded_at,
    case words.status when 'reversed' then a.reversal_date when 'approved' then a.lock_date end as status_effective_at,
    case when words.lock_state = 'open' then a.lock_date end as locks_at,
    a._observed_at as observed_at,
    words.status,
    coalesce(words.lock_state, 'unknown') as lock_state,
    {{ payment_state_of('words', 'a.paid_date is not null') }} as payment_state,
    coalesce(types.row_kind, 'original') as row_kind,
    a.raw_status,
    cast(null as varchar) as status_reason,
    a.trans_amount <> seen.trans_amount as is_amended,
    cast(1 as integer) as network_rows,
    {{ money('a.trans_amount') }} as sale_amount,
    'USD' as sale_currency,
    'network' as sale_currency_source,
    case when a.trans_amount <> seen.trans_amount then {{ money('seen.trans_amount') }} end as previous_sale_amount,
    cast(null as decimal(18, 6)) as tracked_amount,
    cast(null as varchar) as tracked_currency,
    {{ money('a.commission') }} as publisher_commission,
    'USD' as publisher_commission_currency,
    cast(null as decimal(18, 6)) as advertiser_cost,
    cast(null as varchar) as advertiser_cost_currency,
    cast(null as decimal(18, 6)) as network_fee,
    cast(null as varchar) as network_fee_currency,
    cast(null as varchar) as voucher_code,
    cast(null as varchar) as customer_type,
    cast(null as varchar) as country,
    a._page_id,
    a._load_id,
    a._run_id
from activity as a
inner join seen on a._account_id = seen._account_id and a.trans_id = seen.trans_id and seen.version_number = 1
left join words on a.raw_status = words.raw_field || '=' || words.raw_word
left join types on lower(a.trans_type) = lower(types.raw_word)
