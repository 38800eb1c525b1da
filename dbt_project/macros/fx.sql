{# The reporting currency itself is worth one; every other currency is worth its rate of the day, or nothing known. #}
{% macro fx_rate(currency, reporting_currency, fx) -%}
    case when {{ currency }} = {{ reporting_currency }} then cast(1 as decimal(18, 10)) else {{ fx }}.rate end
{%- endmacro %}


{% macro fx_rate_date(currency, reporting_currency, on_date, fx) -%}
    case when {{ currency }} = {{ reporting_currency }} then {{ on_date }} else {{ fx }}.rate_date end
{%- endmacro %}


{% macro fx_source(currency, reporting_currency, fx) -%}
    case when {{ currency }} = {{ reporting_currency }} then 'same currency' else {{ fx }}.source end
{%- endmacro %}


{% macro in_reporting(amount, currency, reporting_currency, fx) -%}
    {{ times_rate(amount, '(' ~ fx_rate(currency, reporting_currency, fx) ~ ')') }}
{%- endmacro %}
