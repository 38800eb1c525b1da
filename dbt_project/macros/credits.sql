{#
    Splits whole units (credit in millionths, revenue in cents) over the touches of a group in proportion to weights,
    so that the parts add up to the total: everyone gets the rounded-down share, and what is left over goes unit by
    unit to the largest remainders, of equal ones to the later touch.

    relation: rows with the group columns, touch_number, units (the total to split, >= 0), weight and weights (their sum),
    all of them whole numbers. Adds the column `part`.
#}
{% macro split_by_largest_remainder(relation, group) -%}
    select
        *,
        share + case when remainder_rank <= units - shares then 1 else 0 end as part
    from (
        select
            *,
            {# In the order of the rank, so that rows are sorted once. -#}
            sum(share) over (
                partition by {{ group }}
                order by remainder desc, touch_number desc
                rows between unbounded preceding and unbounded following
            ) as shares,
            row_number() over (
                partition by {{ group }}
                order by remainder desc, touch_number desc
            ) as remainder_rank
        from (
            select
                *,
                {{ whole_quotient('units * weight', 'weights') }} as share,
                mod(units * weight, weights) as remainder
            from {{ relation }}
        ) as floored
    ) as ranked
{%- endmacro %}


{#
    Credit of each touch of each path for one rule; weight is a whole-number expression over int_paths__built. A rule that
    looks at nothing but position (touch_number, touch_count) is worked out once for each length of path.
#}
{% macro credits(attribution_model, weight, by_position=false) -%}
{%- set group = 'touch_count' if by_position else 'order_key' -%}
with weighted as (

    select{% if by_position %} distinct{% endif %}
        {{ group }},
        touch_number,
        cast({{ weight }} as bigint) as weight
    from {{ ref('int_paths__built') }}

),

totalled as (

    select
        *,
        cast(1000000 as bigint) as units,
        cast(sum(weight) over (partition by {{ group }}) as bigint) as weights
    from weighted

),

split as (

    {{ split_by_largest_remainder('totalled', group) }}

)

{% if by_position -%}
select
    paths.order_key,
    '{{ attribution_model }}' as attribution_model,
    paths.touch_number,
    {{ from_units('split.part', 6) }} as credit_fraction
from {{ ref('int_paths__built') }} as paths
inner join split on paths.touch_count = split.touch_count and paths.touch_number = split.touch_number
where split.part > 0
{%- else -%}
select
    order_key,
    '{{ attribution_model }}' as attribution_model,
    touch_number,
    {{ from_units('part', 6) }} as credit_fraction
from split
where part > 0
{%- endif %}
{%- endmacro %}
