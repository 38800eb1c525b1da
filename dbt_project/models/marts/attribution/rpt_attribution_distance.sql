{%- set span = 'attribution_model, comparison_level, measured_from_date, measured_to_date' -%}
with parts as (

    select
        *,
        case when channel in ('unattributed', 'not_measured') then 0 else 1 end as is_named,
        abs(difference_fraction) as size
    from {{ ref('rpt_attribution_against_measured') }}

),

totalled as (

    select
        *,
        sum(is_named * credited_fraction) over (partition by {{ span }}) as named_credited,
        sum(is_named * measured_fraction) over (partition by {{ span }}) as named_measured,
        row_number() over (partition by {{ span }} order by is_named desc, size desc, channel, network, publisher_id)
            as size_rank
    from parts

),

scaled as (

    select
        *,
        abs(
            {{ decimal_quotient('credited_fraction', 'named_credited') }}
            - {{ decimal_quotient('measured_fraction', 'named_measured') }}
        ) as scaled_size
    from totalled

)

select
    {{ span }},
    max(span_orders) as span_orders,
    {{ money('case when count(*) = count(size) then sum(size) * cast(0.5 as decimal(2, 1)) end') }} as distance_fraction,
    {{ money('sum(is_named * scaled_size) * cast(0.5 as decimal(2, 1))') }} as scaled_distance_fraction,
    {{ money('max(case when size_rank = 1 and is_named = 1 then difference_fraction end)') }}
        as largest_difference_fraction,
    max(case when size_rank = 1 and is_named = 1 then channel end) as largest_channel,
    max(case when size_rank = 1 and is_named = 1 then network end) as largest_network,
    max(case when size_rank = 1 and is_named = 1 then publisher_id end) as largest_publisher_id,
    cast(sum(is_named) as bigint) as compared_count,
    {{ money("max(case when channel = 'not_measured' then credited_fraction end)") }} as not_measured_fraction
from scaled
group by {{ span }}
