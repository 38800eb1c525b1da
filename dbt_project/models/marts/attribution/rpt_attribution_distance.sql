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
            as size_rank,
        -- One part of a held network leaves the whole unknown.
        min(network || ': ' || withheld_reason) over (partition by {{ span }}) as sum_withheld_reason
    from parts

),

scaled as (

    select
        *,
        size_rank = 1 and is_named = 1 and sum_withheld_reason is null as is_largest,
        case
            when sum_withheld_reason is null
                then abs(
                    {{ decimal_quotient('credited_fraction', 'named_credited') }}
                    - {{ decimal_quotient('measured_fraction', 'named_measured') }}
                )
        end as scaled_size
    from totalled

)

select
    {{ span }},
    min(sum_withheld_reason) as withheld_reason,
    max(span_orders) as span_orders,
    {{ money('case when count(*) = count(size) then sum(size) * cast(0.5 as decimal(2, 1)) end') }} as distance_fraction,
    {{ money('sum(is_named * scaled_size) * cast(0.5 as decimal(2, 1))') }} as scaled_distance_fraction,
    {{ money('max(case when is_largest then difference_fraction end)') }} as largest_difference_fraction,
    max(case when is_largest then channel end) as largest_channel,
    max(case when is_largest then network end) as largest_network,
    max(case when is_largest then publisher_id end) as largest_publisher_id,
    cast(sum(is_named) as bigint) as compared_count,
    {{ money("max(case when channel = 'not_measured' then credited_fraction end)") }} as not_measured_fraction
from scaled
group by {{ span }}
