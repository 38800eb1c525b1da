{#
    Part of a whole as a decimal, NULL for an empty whole: a rate from 0 to 1, or an average. NULL too where the whole is
    next to nothing, so that a million millions of it make the part.
#}
{% macro ratio(part, whole) -%}
    {%- set quotient = decimal_quotient(part, whole) -%}
    case when abs({{ quotient }}) < 999999999999 then cast(round({{ quotient }}, 6) as decimal(18, 6)) end
{%- endmacro %}


{# The smallest value of a group that at least this share of its values does not exceed; NULL values do not count. #}
{% macro percentile(expression, share) -%}
    {{ return(adapter.dispatch('percentile', 'affiliate_assets')(expression, share)) }}
{%- endmacro %}

{% macro default__percentile(expression, share) -%}
    percentile_disc({{ share }}) within group (order by {{ expression }})
{%- endmacro %}

{# BigQuery knows percentile_disc over a window only. #}
{% macro bigquery__percentile(expression, share) -%}
    approx_quantiles({{ expression }}, 1000)[offset({{ (share * 1000) | round | int }})]
{%- endmacro %}
