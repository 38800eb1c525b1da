with transactions as (

    {{ current_version(source('valid_commission_factory', 'transactions')) }}

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'commission_factory'

),

words as (

    select * from {{ ref('status_map__commission_factory') }} where raw_field = 'status2'

)

select
    'commission_factory:' || t._account_id || ':' || cast(t.id as varchar) as conversion_key,
    'commission_factory' as network,
    t._account_id as account_id,
    cast(t.id as varchar) as conversion_id,
    t.order_id,
    cast(t.affiliate_id as varchar) as publisher_id,
    t.affiliate_business_name as publisher_name,
    t.tracking_method as conversion_type,
    -- A brand is told neither the click nor a reference of it.
    cast(null as varchar) as click_id,
    cast(null as timestamp) as clicked_at,
    t.date_created as occurred_at,
    t.date_created as recorded_at,
    -- The time of the last change is not that of the decision: an invoice or a payment comes after it.
    cast(null as timestamp) as status_effective_at,
    case when words.lock_state = 'open' then {{ approves_by_itself_at('commission_factory', 't.date_created') }} end as locks_at,
    t._observed_at as observed_at,
    words.status,
    coalesce(words.lock_state, 'unknown') as lock_state,
    coalesce(words.payment_state, 'unknown') as payment_state,
    'original' as row_kind,
    t.status2 as raw_status,
    coalesce(t.void_reason, t.amended_reason) as status_reason,
    t.amended_reason is not null as is_amended,
    cast(1 as integer) as network_rows,
    {{ money('t.sale_value') }} as sale_amount,
    accounts.currency as sale_currency,
    case when accounts.currency is not null then 'configuration' end as sale_currency_source,
    cast(null as decimal(18, 6)) as previous_sale_amount,
    {{ money('t.reported_sale_value') }} as tracked_amount,
    t.reported_currency_code as tracked_currency,
    {{ money('t.commission') }} as publisher_commission,
    accounts.currency as publisher_commission_currency,
    -- Not told as one amount; whether the fee is all that comes on top of the commission is not stated.
    cast(null as decimal(18, 6)) as advertiser_cost,
    cast(null as varchar) as advertiser_cost_currency,
    {{ money('t.override_fee') }} as network_fee,
    case when t.override_fee is not null then accounts.currency end as network_fee_currency,
    t.coupon_code as voucher_code,
    case lower(t.customer_type)
        when 'new' then 'new'
        when 'existing' then 'returning'
        when 'returning' then 'returning'
    end as customer_type,
    t.customer_country_code as country,
    t._page_id,
    t._load_id,
    t._run_id
from transactions as t
left join accounts on t._account_id = accounts.account_id
left join words on lower(t.status2) = lower(words.raw_word)
