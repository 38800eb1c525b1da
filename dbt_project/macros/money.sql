{% macro money(expression) -%}
    cast({{ expression }} as decimal(18, 6))
{%- endmacro %}


{# Rounded to the smallest unit of its currency, which has that many decimals (seed `currencies`); 2 where unknown. #}
{% macro round_to_minor_unit(expression, digits) -%}
    case coalesce({{ digits }}, 2)
        when 0 then {{ money('round(' ~ expression ~ ', 0)') }}
        when 3 then {{ money('round(' ~ expression ~ ', 3)') }}
        when 4 then {{ money('round(' ~ expression ~ ', 4)') }}
        else {{ money('round(' ~ expression ~ ', 2)') }}
    end
{%- endmacro %}


{# As a whole number of the smallest unit of its currency. #}
{% macro minor_units(expression, digits) -%}
    {#- Decimals of 18 digits have no more when multiplied: DuckDB would refuse 10,000,000,000.00. #}
    cast(cast({{ round_to_minor_unit(expression, digits) }} as decimal(28, 6)) * case coalesce({{ digits }}, 2)
        when 0 then 1
        when 3 then 1000
        when 4 then 10000
        else 100
    end as bigint)
{%- endmacro %}


{# A whole number of the currency's smallest unit back to a decimal. #}
{% macro from_minor_units(expression, digits) -%}
    {{ money('cast(' ~ expression ~ ' as decimal(18, 0)) * case coalesce(' ~ digits ~ ", 2)
        when 0 then cast(1 as decimal(7, 6))
        when 3 then cast(0.001 as decimal(7, 6))
        when 4 then cast(0.0001 as decimal(7, 6))
        else cast(0.01 as decimal(7, 6))
    end") }}
{%- endmacro %}


{# The same of what was split by its size: with the sign of the amount that was split. #}
{% macro signed_from_minor_units(expression, digits, amount) -%}
    {{ money(from_minor_units(expression, digits) ~ ' * case when ' ~ amount ~ ' < 0 then -1 else 1 end') }}
{%- endmacro %}


{# A whole number of 1 / 10^scale units back to a decimal. Multiplies, because dividing decimals gives a double on DuckDB. #}
{% macro from_units(expression, scale) -%}
    {{ money('cast(' ~ expression ~ ' as decimal(18, 0)) * cast(' ~ '%.*f' % (scale, 10 ** -scale) ~ ' as decimal(7, 6))') }}
{%- endmacro %}


{# To the last digit, for what is rounded afterwards: whatever is rounded twice may be a unit off. #}
{% macro exact_product(amount, rate) -%}
    (cast({{ amount }} as decimal(28, 6)) * {{ rate }})
{%- endmacro %}


{# NULL too for what is more than money can be, as a mistaken amount in a currency that is worth much less. #}
{% macro times_rate(amount, rate) -%}
    case
        when abs({{ exact_product(amount, rate) }}) < 999999999999
            then {{ money('round(' ~ exact_product(amount, rate) ~ ', 6)') }}
    end
{%- endmacro %}


{# The same of a column of rates: most are 1, and rounding a wide decimal takes longer than all the rest of a sum. #}
{% macro times_rate_column(amount, rate) -%}
    case when {{ rate }} = 1 then {{ money(amount) }} else {{ times_rate(amount, rate) }} end
{%- endmacro %}


{# Quotient of two decimals with at most 8 decimal places, cut after the tenth; NULL for a zero divisor. #}
{% macro decimal_quotient(dividend, divisor) -%}
    {{ return(adapter.dispatch('decimal_quotient', 'affiliate_assets')(dividend, divisor)) }}
{%- endmacro %}

{% macro default__decimal_quotient(dividend, divisor) -%}
    cast(cast({{ dividend }} as decimal(38, 18)) / nullif({{ divisor }}, 0) as decimal(28, 10))
{%- endmacro %}

{% macro duckdb__decimal_quotient(dividend, divisor) -%}
    cast(cast(
        (cast(cast({{ dividend }} as decimal(28, 8)) * 100000000 as hugeint) * 10000000000)
        // nullif(cast(cast({{ divisor }} as decimal(28, 8)) * 100000000 as hugeint), 0)
    as decimal(38, 0)) * cast(0.0000000001 as decimal(18, 10)) as decimal(28, 10))
{%- endmacro %}


{#
    amount * part / whole to the tenth place, cut there: a rate rounded before would lose a unit of what divides evenly.
    NULL for a whole of zero.
#}
{% macro exact_share(amount, part, whole) -%}
    {{ return(adapter.dispatch('exact_share', 'affiliate_assets')(amount, part, whole)) }}
{%- endmacro %}

{% macro default__exact_share(amount, part, whole) -%}
    cast(cast({{ amount }} as decimal(28, 10)) * {{ part }} / nullif({{ whole }}, 0) as decimal(28, 10))
{%- endmacro %}

{% macro duckdb__exact_share(amount, part, whole) -%}
    cast(case
        when {{ part }} = {{ whole }} and {{ whole }} <> 0 then {{ amount }}
        else cast(
            {#- Decimals of 18 digits have no more when multiplied: 1,200 times 1,000 would not fit. #}
            (cast(cast(cast({{ amount }} as decimal(28, 10)) * {{ part }} as decimal(36, 8)) * 100000000 as hugeint) * 100000000)
            // nullif(cast(cast({{ whole }} as decimal(28, 6)) * 1000000 as hugeint), 0)
        as decimal(38, 0)) * cast(0.0000000001 as decimal(18, 10))
    end as decimal(28, 10))
{%- endmacro %}


{% macro whole_quotient(dividend, divisor) -%}
    {{ return(adapter.dispatch('whole_quotient', 'affiliate_assets')(dividend, divisor)) }}
{%- endmacro %}

{% macro default__whole_quotient(dividend, divisor) -%}
    (({{ dividend }}) / ({{ divisor }}))
{%- endmacro %}

{% macro duckdb__whole_quotient(dividend, divisor) -%}
    (({{ dividend }}) // ({{ divisor }}))
{%- endmacro %}

{% macro spark__whole_quotient(dividend, divisor) -%}
    (({{ dividend }}) div ({{ divisor }}))
{%- endmacro %}
