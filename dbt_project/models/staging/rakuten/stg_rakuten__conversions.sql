with ledger as (

    {{ current_version(source('valid_rakuten', 'ledger')) }}

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'rakuten'

),

articles as (

    {{ rakuten_lines('ledger') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by _account_id, conversion_id
            order by case when is_adjustment then 1 else 0 end, process_at, line_id
        ) as from_first,
        row_number() over (
            partition by _account_id, conversion_id
            order by _observed_at desc, _fetched_at desc, line_id desc
        ) as from_last_observed
    from articles

),

families as (

    select
        _account_id,
        conversion_id,
        publisher_id,
        max(order_id) as order_id,
        max(case when from_first = 1 then publisher_name end) as publisher_name,
        max(case when from_first = 1 then transaction_at end) as occurred_at,
        max(case when from_first = 1 then currency end) as currency,
        min(process_at) as recorded_at,
        max(_observed_at) as observed_at,
        count(*) as network_rows,
        sum(case when is_adjustment then 1 else 0 end) as adjustments,
        {{ money('sum(sales)') }} as sale_amount,
        {{ money('sum(case when is_adjustment then 0 else sales end)') }} as sale_amount_before,
        {{ money('sum(total_commission)') }} as publisher_commission,
        max(case when from_last_observed = 1 then _page_id end) as _page_id,
        max(case when from_last_observed = 1 then _load_id end) as _load_id,
        max(case when from_last_observed = 1 then _run_id end) as _run_id
    from ranked
    group by _account_id, conversion_id, publisher_id

)

select
    'rakuten:' || f._account_id || ':' || f.conversion_id as conversion_key,
    'rakuten' as network,
    f._account_id as account_id,
    f.conversion_id,
    f.order_id,
    f.publisher_id,
    f.publisher_name,
    cast(null as varchar) as conversion_type,
    cast(null as varchar) as click_id,
    cast(null as timestamp) as clicked_at,
    f.occurred_at,
    f.recorded_at,
    cast(null as timestamp) as status_effective_at,
    cast(null as timestamp) as locks_at,
    f.observed_at,
    'untracked_status' as status,
    'unknown' as lock_state,
    'unknown' as payment_state,
    case when f.adjustments = f.network_rows then 'adjustment' else 'original' end as row_kind,
    cast(null as varchar) as raw_status,
    cast(null as varchar) as status_reason,
    f.adjustments > 0 as is_amended,
    cast(f.network_rows as integer) as network_rows,
    f.sale_amount,
    coalesce(f.currency, accounts.currency) as sale_currency,
    case
        when f.currency is not null then 'row'
        when accounts.currency is not null then 'configuration'
    end as sale_currency_source,
    case when f.adjustments > 0 and f.adjustments < f.network_rows then f.sale_amount_before end as previous_sale_amount,
    cast(null as decimal(18, 6)) as tracked_amount,
    cast(null as varchar) as tracked_currency,
    f.publisher_commission,
    coalesce(f.currency, accounts.currency) as publisher_commission_currency,
    cast(null as decimal(18, 6)) as advertiser_cost,
    cast(null as varchar) as advertiser_cost_currency,
    cast(null as decimal(18, 6)) as network_fee,
    cast(null as varchar) as network_fee_currency,
    cast(null as varchar) as voucher_code,
    cast(null as varchar) as customer_type,
    cast(null as varchar) as country,
    f._page_id,
    f._load_id,
    f._run_id
from families as f
left join accounts on f._account_id = accounts.account_id
