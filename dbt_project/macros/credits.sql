{#
    Splits whole units (credit in millionths, revenue in cents) over the touches of a group in proportion to weights,
    so that the parts add up to the total: everyone gets the rounded-down share, and what is left over goes unit by
    unit to the largest remainders, of equal ones to the later touch.

    Common table expressions that end with `split`: all columns of the relation and a whole number for each part.

    relation: rows with the group columns, touch_number and what the parts name.
    parts: name of the part to the columns [units, weight, weights]: the total to split (>= 0), the weight of the touch
        and the sum of the weights, all of them whole numbers.
#}
{% macro split_by_largest_remainder(relation, group, parts) -%}
{#- Who gets a unit more is told by the smallest remainder that does, so that no row has to be ranked. -#}
{%- set group_columns = group.split(', ') -%}
last_served as (

    select
        {{ group }}
        {%- for part, (units, weight, weights) in parts.items() %},
        {{ kth_largest(
            _remainder_key(units, weight, weights),
            'max(' ~ units ~ ') - sum(' ~ _whole_share(units, weight, weights) ~ ')'
        ) }} as {{ part }}_served
        {%- endfor %}
    from {{ relation }}
    group by {{ group }}

),

split as (

    select
        r.*
        {%- for part, (units, weight, weights) in parts.items() %},
        {{ _whole_share('r.' ~ units, 'r.' ~ weight, 'r.' ~ weights) }}
        + case
            when {{ _remainder_key('r.' ~ units, 'r.' ~ weight, 'r.' ~ weights, 'r.touch_number') }} >= s.{{ part }}_served
                then 1
            else 0
        end as {{ part }}
        {%- endfor %}
    from {{ relation }} as r
    inner join last_served as s
        on
            {%- for column in group_columns %}
            {% if not loop.first %}and {% endif %}r.{{ column }} = s.{{ column }}
            {%- endfor %}

)
{%- endmacro %}


{#- One whole number to order touches by: their remainder, then their place in a path of less than 2^20 touches. -#}
{% macro _remainder_key(units, weight, weights, touch_number='touch_number') -%}
    mod(mod({{ units }}, {{ weights }}) * {{ weight }}, {{ weights }}) * 1048576 + {{ touch_number }}
{%- endmacro %}


{#- units * weight / weights, cut to a whole number; the product itself may be more than a bigint holds. -#}
{% macro _whole_share(units, weight, weights) -%}
    {{ whole_quotient(units, weights) }} * {{ weight }}
    + {{ whole_quotient('mod(' ~ units ~ ', ' ~ weights ~ ') * ' ~ weight, weights) }}
{%- endmacro %}


{# The k-th largest value of a group; NULL where k is 0 or more than there are. #}
{% macro kth_largest(expression, k) -%}
    {{ return(adapter.dispatch('kth_largest', 'affiliate_assets')(expression, k)) }}
{%- endmacro %}

{% macro default__kth_largest(expression, k) -%}
    (array_agg({{ expression }} order by {{ expression }} desc))[{{ k }}]
{%- endmacro %}

{% macro duckdb__kth_largest(expression, k) -%}
    list_reverse_sort(list({{ expression }}))[cast({{ k }} as bigint)]
{%- endmacro %}

{% macro spark__kth_largest(expression, k) -%}
    try_element_at(sort_array(collect_list({{ expression }}), false), nullif(cast({{ k }} as int), 0))
{%- endmacro %}


{#
    Credit by a rule that looks at nothing but a touch's place and the length of its path: worked out once for each length.
    weight is a whole-number expression over touch_number and touch_count.
#}
{% macro credits_by_position(weight) -%}
with places as (

    select distinct touch_count, touch_number
    from {{ ref('int_paths__steps') }}

),

weighted as (

    select touch_count, touch_number, cast({{ weight }} as bigint) as weight
    from places

),

{{ credits_by_weight('weighted', 'touch_count') }}
{%- endmacro %}


{# The end of a query: each touch's share of 1 by its whole-number weight, of the rows of a group; without those of nothing. #}
{% macro credits_by_weight(relation, group) -%}
totalled as (

    select
        {{ group }},
        touch_number,
        weight,
        cast(1000000 as bigint) as units,
        cast(sum(weight) over (partition by {{ group }}) as bigint) as weights
    from {{ relation }}

),

weighed as (

    select * from totalled
    where weights > 0

),

{{ split_by_largest_remainder('weighed', group, {'part': ['units', 'weight', 'weights']}) }}

select
    {{ group }},
    touch_number,
    {{ from_units('part', 6) }} as credit_fraction
from split
where part > 0
{%- endmacro %}
