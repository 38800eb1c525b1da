with brand as (

    select reporting_currency from {{ source('config', 'brand') }}

),

conversions as (

    select
        c.*,
        brand.reporting_currency,
        {{ utc_date('c.occurred_at') }} as fx_date
    from {{ ref('int_conversions__keyed') }} as c
    cross join brand

)

select
    c.conversion_key,
    c.network,
    c.account_id,
    c.conversion_id,
    c.order_id,
    c.order_match_key,
    claims.order_key,
    coalesce(claims.claim_rank > 1, false) as is_duplicate_claim,
    held.network is not null as is_withheld,
    c.publisher_id,
    c.publisher_name,
    c.conversion_type,
    c.clicked_at,
    c.occurred_at,
    c.recorded_at,
    c.status_effective_at,
    deadlines.locks_at,
    deadlines.locks_at_source,
    c.observed_at,
    c.status,
    c.lock_state,
    c.payment_state,
    c.row_kind,
    c.raw_status,
    c.status_reason,
    c.is_amended,
    c.network_rows,
    c.sale_amount,
    c.sale_currency,
    c.sale_currency_source,
    c.previous_sale_amount,
    c.tracked_amount,
    c.tracked_currency,
    c.publisher_commission,
    c.publisher_commission_currency,
    c.advertiser_cost,
    c.advertiser_cost_currency,
    c.network_fee,
    c.network_fee_currency,
    c.reporting_currency,
    {{ in_reporting('c.sale_amount', 'c.sale_currency', 'c.reporting_currency', 'sale_fx') }} as sale_amount_reporting,
    {{ fx_rate('c.sale_currency', 'c.reporting_currency', 'sale_fx') }} as sale_fx_rate,
    {{ fx_rate_date('c.sale_currency', 'c.reporting_currency', 'c.fx_date', 'sale_fx') }} as sale_fx_rate_date,
    {{ fx_source('c.sale_currency', 'c.reporting_currency', 'sale_fx') }} as sale_fx_source,
    {{ in_reporting('c.publisher_commission', 'c.publisher_commission_currency', 'c.reporting_currency', 'commission_fx') }}
        as publisher_commission_reporting,
    {{ fx_rate('c.publisher_commission_currency', 'c.reporting_currency', 'commission_fx') }} as commission_fx_rate,
    {{ fx_rate_date('c.publisher_commission_currency', 'c.reporting_currency', 'c.fx_date', 'commission_fx') }}
        as commission_fx_rate_date,
    {{ fx_source('c.publisher_commission_currency', 'c.reporting_currency', 'commission_fx') }} as commission_fx_source,
    {{ in_reporting('c.advertiser_cost', 'c.advertiser_cost_currency', 'c.reporting_currency', 'cost_fx') }}
        as advertiser_cost_reporting,
    {{ fx_rate('c.advertiser_cost_currency', 'c.reporting_currency', 'cost_fx') }} as cost_fx_rate,
    {{ fx_rate_date('c.advertiser_cost_currency', 'c.reporting_currency', 'c.fx_date', 'cost_fx') }} as cost_fx_rate_date,
    {{ fx_source('c.advertiser_cost_currency', 'c.reporting_currency', 'cost_fx') }} as cost_fx_source,
    c.voucher_code,
    c.customer_type,
    c.country,
    c._page_id,
    c._load_id,
    c._run_id
from conversions as c
left join {{ ref('int_claims__ranked') }} as claims on c.conversion_key = claims.conversion_key
left join {{ ref('int_networks__held') }} as held on c.network = held.network
left join {{ ref('int_conversions__deadlines') }} as deadlines on c.conversion_key = deadlines.conversion_key
left join {{ ref('int_fx__daily') }} as sale_fx
    on c.sale_currency = sale_fx.from_currency and c.fx_date = sale_fx.on_date
left join {{ ref('int_fx__daily') }} as commission_fx
    on c.publisher_commission_currency = commission_fx.from_currency and c.fx_date = commission_fx.on_date
left join {{ ref('int_fx__daily') }} as cost_fx
    on c.advertiser_cost_currency = cost_fx.from_currency and c.fx_date = cost_fx.on_date
