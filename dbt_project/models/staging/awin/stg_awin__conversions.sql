with transactions as (

    {{ current_version(source('valid_awin', 'transactions')) }}

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'awin'

),

words as (

    select * from {{ ref('status_map__awin') }} where raw_field = 'commission_status'

)

select
    'awin:' || t._account_id || ':' || cast(t.id as varchar) as conversion_key,
    'awin' as network,
    t._account_id as account_id,
    cast(t.id as varchar) as conversion_id,
    t.order_ref as order_id,
    cast(t.publisher_id as varchar) as publisher_id,
    t.site_name as publisher_name,
    t.type as conversion_type,
    cast(null as varchar) as click_id,
    t.click_date as clicked_at,
    t.transaction_date as occurred_at,
    -- Awin tells no time of recording; a transaction shows within minutes of the sale.
    t.transaction_date as recorded_at,
    t.validation_date as status_effective_at,
    case when words.lock_state = 'open' then {{ approves_by_itself_at('awin', 't.transaction_date') }} end as locks_at,
    t._observed_at as observed_at,
    words.status,
    coalesce(words.lock_state, 'unknown') as lock_state,
    {{ payment_state_of('words', 't.paid_to_publisher') }} as payment_state,
    case when lower(t.type) like '%bonus%' then 'bonus' else 'original' end as row_kind,
    t.commission_status as raw_status,
    coalesce(t.decline_reason, t.amend_reason) as status_reason,
    coalesce(t.amended, false) as is_amended,
    cast(1 as integer) as network_rows,
    {{ money('t.sale_amount') }} as sale_amount,
    coalesce(t.sale_currency, accounts.currency) as sale_currency,
    case
        when t.sale_currency is not null then 'row'
        when accounts.currency is not null then 'configuration'
    end as sale_currency_source,
    case when t.amended then {{ money('t.old_sale_amount') }} end as previous_sale_amount,
    {{ money('t.tracked_amount') }} as tracked_amount,
    t.tracked_currency,
    {{ money('t.commission_amount') }} as publisher_commission,
    coalesce(t.commission_currency, accounts.currency) as publisher_commission_currency,
    {{ awin_advertiser_cost() }} as advertiser_cost,
    case when {{ awin_advertiser_cost() }} is not null then t.commission_currency end as advertiser_cost_currency,
    {{ money('t.network_fee_amount') }} as network_fee,
    t.network_fee_currency,
    t.voucher_code,
    case lower(t.customer_acquisition)
        when 'new' then 'new'
        when 'existing' then 'returning'
        when 'returning' then 'returning'
    end as customer_type,
    t.customer_country as country,
    t._page_id,
    t._load_id,
    t._run_id
from transactions as t
left join accounts on t._account_id = accounts.account_id
left join words on lower(t.commission_status) = lower(words.raw_word)
