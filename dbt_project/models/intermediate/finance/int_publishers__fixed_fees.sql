-- Due on the first day of each month on which the term holds, and known from the night that knew the term; a version of
-- the term that is replaced gives its fee back on the day on which the next one was known.
with months as (

    select tens.digit * 10 + ones.digit as month_number
    from (
        {% for digit in range(12) %}select {{ digit }} as digit{{ ' union all ' if not loop.last }}{% endfor %}
    ) as tens
    cross join (
        {% for digit in range(10) %}select {{ digit }} as digit{{ ' union all ' if not loop.last }}{% endfor %}
    ) as ones

),

due as (

    select
        t.term_id,
        t.network,
        t.account_id,
        t.publisher_id,
        t.term_currency,
        t.fixed_fee_amount,
        t.valid_to_date,
        {{ utc_date('t.known_from') }} as known_from_date,
        case when t.known_to <= brand.as_of then {{ utc_date('t.known_to') }} end as replaced_date,
        cast({{ wall_clock('brand.as_of', 'brand.time_zone') }} as date) as today,
        case
            when months.month_number = 0 then t.valid_from_date
            else cast({{ dbt.dateadd('month', 'months.month_number', dbt.date_trunc('month', 't.valid_from_date')) }} as date)
        end as due_date
    from {{ ref('int_terms__known') }} as t
    cross join {{ source('config', 'brand') }} as brand
    cross join months
    where t.publisher_id is not null and t.fixed_fee_amount is not null and t.known_from <= brand.as_of

),

owed as (

    select
        *,
        case when known_from_date > due_date then known_from_date else due_date end as known_date
    from due
    where due_date <= today and (valid_to_date is null or due_date < valid_to_date)

)

select
    term_id, network, account_id, publisher_id, term_currency, due_date, known_date, fixed_fee_amount as fixed_fee_change
from owed
where replaced_date is null or replaced_date > known_date

union all

select
    term_id, network, account_id, publisher_id, term_currency, due_date, replaced_date, {{ money('-fixed_fee_amount') }}
from owed
where replaced_date > known_date
