{#- What somebody measured more than once counts with the mean, to a millionth. -#}
{%- set span = [
    'comparison_level', 'measured_from_date', 'measured_to_date', 'measured_from_at', 'measured_to_at', 'channel', 'network'
] | join(', ') -%}
with whole_spans as (

    select
        m.comparison_level,
        m.measured_from_date,
        m.measured_to_date,
        {{ wall_clock_to_utc('m.measured_from_date', 'brand.time_zone') }} as measured_from_at,
        {{ wall_clock_to_utc('m.measured_to_date', 'brand.time_zone') }} as measured_to_at,
        m.channel,
        m.network,
        m.account_id,
        m.publisher_id,
        m.measured_fraction,
        brand.as_of
    from {{ ref('stg_crm__incrementality') }} as m
    cross join {{ source('config', 'brand') }} as brand
    -- Of a span that began before the data do, some orders are not known.
    where m.measured_from_date >= brand.start_date

),

by_account as (

    select
        {{ span }},
        account_id,
        publisher_id,
        {{ whole_quotient('cast(sum(measured_fraction) * 1000000 as bigint)', 'count(*)') }} as millionths
    from whole_spans
    where measured_to_at <= as_of
    group by {{ span }}, account_id, publisher_id

)

select
    {{ span }},
    publisher_id,
    -- Accounts are parts of what was measured over all of them.
    {{ from_units('coalesce(sum(case when account_id is null then millionths end), sum(millionths))', 6) }}
        as measured_fraction
from by_account
group by {{ span }}, publisher_id
