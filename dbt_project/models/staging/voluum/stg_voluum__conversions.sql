with accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'voluum'

),

rows_of_sales as (

    {{ voluum_rows(source('valid_voluum', 'conversions')) }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by _account_id, conversion_id
            order by case when is_adjustment then 1 else 0 end, postback_timestamp, row_id
        ) as from_first,
        row_number() over (
            partition by _account_id, conversion_id
            order by _observed_at desc, _fetched_at desc, row_id desc
        ) as from_last_observed
    from rows_of_sales

),

families as (

    select
        _account_id,
        conversion_id,
        max(case when from_first = 1 then sale_transaction_id end) as order_id,
        max(case when from_first = 1 then traffic_source_id end) as publisher_id,
        max(case when from_first = 1 then traffic_source_name end) as publisher_name,
        max(case when from_first = 1 then conversion_type end) as conversion_type,
        max(case when from_first = 1 then click_id end) as click_id,
        max(case when from_first = 1 then visit_timestamp end) as clicked_at,
        max(case when from_first = 1 then postback_timestamp end) as occurred_at,
        max(case when from_first = 1 then country_code end) as country,
        max(_observed_at) as observed_at,
        count(*) as network_rows,
        sum(case when is_adjustment then 1 else 0 end) as adjustments,
        {{ money('sum(revenue)') }} as revenue,
        max(case when from_last_observed = 1 then _page_id end) as _page_id,
        max(case when from_last_observed = 1 then _load_id end) as _load_id,
        max(case when from_last_observed = 1 then _run_id end) as _run_id
    from ranked
    group by _account_id, conversion_id

)

select
    'voluum:' || f._account_id || ':' || f.conversion_id as conversion_key,
    'voluum' as network,
    f._account_id as account_id,
    f.conversion_id,
    f.order_id,
    f.publisher_id,
    f.publisher_name,
    f.conversion_type,
    f.click_id,
    f.clicked_at,
    f.occurred_at,
    f.occurred_at as recorded_at,
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
    -- Voluum tells what a conversion brings, never what was sold for.
    cast(null as decimal(18, 6)) as sale_amount,
    accounts.currency as sale_currency,
    case when accounts.currency is not null then 'configuration' end as sale_currency_source,
    cast(null as decimal(18, 6)) as previous_sale_amount,
    cast(null as decimal(18, 6)) as tracked_amount,
    cast(null as varchar) as tracked_currency,
    f.revenue as publisher_commission,
    accounts.currency as publisher_commission_currency,
    cast(null as decimal(18, 6)) as advertiser_cost,
    cast(null as varchar) as advertiser_cost_currency,
    cast(null as decimal(18, 6)) as network_fee,
    cast(null as varchar) as network_fee_currency,
    cast(null as varchar) as voucher_code,
    cast(null as varchar) as customer_type,
    f.country,
    f._page_id,
    f._load_id,
    f._run_id
from families as f
left join accounts on f._account_id = accounts.account_id
