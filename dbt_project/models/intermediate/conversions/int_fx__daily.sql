{{ config(materialized='table') }}

with quoted as (

    select
        cast(rate_date as date) as rate_date,
        base_currency,
        quote_currency as currency,
        cast(rate as decimal(18, 8)) as per_base,
        source
    from {{ ref('fx_rates') }}

),

brand as (

    select reporting_currency from {{ source('config', 'brand') }}

),

legs as (

    select rate_date, base_currency, currency, per_base, source from quoted
    union all
    select distinct
        rate_date, base_currency, base_currency as currency, cast(1 as decimal(18, 8)) as per_base,
        cast(null as varchar) as source
    from quoted

),

crossed as (

    select
        legs.currency as from_currency,
        reporting.currency as to_currency,
        legs.rate_date,
        cast({{ decimal_quotient('reporting.per_base', 'legs.per_base') }} as decimal(18, 10)) as rate,
        coalesce(legs.source, reporting.source) as source,
        legs.base_currency
    from legs
    inner join brand on legs.currency <> brand.reporting_currency
    inner join legs as reporting
        on
            legs.rate_date = reporting.rate_date
            and legs.base_currency = reporting.base_currency
            and reporting.currency = brand.reporting_currency

),

-- No rates are set at weekends: the last one holds, but not for ever.
carried as (

    select
        crossed.*,
        cast({{ dbt.dateadd('day', 'ages.age', 'crossed.rate_date') }} as date) as on_date
    from crossed
    cross join (
        {% for age in range(var('fx_carry_days')) -%}
        select {{ age }} as age{% if not loop.last %} union all{% endif %}
        {% endfor -%}
    ) as ages

)

select on_date, from_currency, to_currency, rate, rate_date, source
from (
    select
        *,
        row_number() over (
            partition by from_currency, on_date
            order by rate_date desc, base_currency
        ) as recency
    from carried
) as ranked
where recency = 1
