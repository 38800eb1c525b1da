{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_conversions'}}}) }}

-- Without a rate the reporting amount stays NULL; add the days and currencies found here to seeds/fx_rates.csv.
select currency, on_date, count(*) as records
from (
    select sale_currency as currency, {{ utc_date('occurred_at') }} as on_date
    from {{ ref('fct_conversions') }}
    where sale_amount is not null and sale_currency is not null and sale_amount_reporting is null
    union all
    select publisher_commission_currency as currency, {{ utc_date('occurred_at') }} as on_date
    from {{ ref('fct_conversions') }}
    where
        publisher_commission is not null
        and publisher_commission_currency is not null
        and publisher_commission_reporting is null
    union all
    select advertiser_cost_currency as currency, {{ utc_date('occurred_at') }} as on_date
    from {{ ref('fct_conversions') }}
    where advertiser_cost is not null and advertiser_cost_currency is not null and advertiser_cost_reporting is null
    union all
    select currency, {{ utc_date('ordered_at') }} as on_date
    from {{ ref('fct_orders') }}
    where commissionable_amount is not null and currency is not null and commissionable_amount_reporting is null
) as unconverted
group by currency, on_date
