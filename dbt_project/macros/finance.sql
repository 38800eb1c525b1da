{# The bucket of an age in whole days; NULL for an unknown one. #}
{% macro ageing_bucket(days) -%}
    case
        when {{ days }} <= 7 then '0-7'
        when {{ days }} <= 30 then '8-30'
        when {{ days }} <= 60 then '31-60'
        when {{ days }} <= 90 then '61-90'
        when {{ days }} > 90 then '>90'
    end
{%- endmacro %}


{# The buckets with the first day of each. #}
{% macro ageing_buckets() -%}
    {{ return({'0-7': 0, '8-30': 8, '31-60': 31, '61-90': 61, '>90': 91}) }}
{%- endmacro %}


{#
    A bound of the Wilson score interval of a share, from 0 to 1: `-` the lower, `+` the upper. With few records it is wide,
    where the plain share would be as sure of one record as of a thousand. NULL without a record.
#}
{% macro wilson_bound(part, whole, sign) -%}
    {%- set z = var('outlier_confidence_z') -%}
    {%- set n = 'cast(nullif(' ~ whole ~ ', 0) as double)' -%}
    {%- set p = '(cast(' ~ part ~ ' as double) / ' ~ n ~ ')' -%}
    cast(round((
        {{ p }} + {{ z }} * {{ z }} / (2 * {{ n }})
        {{ sign }} {{ z }} * sqrt({{ p }} * (1 - {{ p }}) / {{ n }} + {{ z }} * {{ z }} / (4 * {{ n }} * {{ n }}))
    ) / (1 + {{ z }} * {{ z }} / {{ n }}), 6) as decimal(18, 6))
{%- endmacro %}


{# Sum of a part of the rows: 0 where none of them belongs to it, NULL where no amount is known at all. #}
{% macro sum_of(amount, condition) -%}
    {{ money('sum(case when ' ~ condition ~ ' then ' ~ amount ~ ' else 0 * ' ~ amount ~ ' end)') }}
{%- endmacro %}
