{% macro days_before(timestamp, days) -%}
    {{ dbt.dateadd('day', -days, timestamp) }}
{%- endmacro %}


{% macro hours_before(timestamp, hours) -%}
    {{ dbt.dateadd('hour', -hours, timestamp) }}
{%- endmacro %}


{% macro utc_date(timestamp) -%}
    cast({{ timestamp }} as date)
{%- endmacro %}


{# Deadline of a pending row where the contract's validation period is configured, else unknown. #}
{% macro approves_by_itself_at(network, timestamp) -%}
    {%- set days = var('validation_days').get(network) -%}
    {%- if days is none -%}
    cast(null as timestamp)
    {%- else -%}
    {{ dbt.dateadd('day', days, timestamp) }}
    {%- endif -%}
{%- endmacro %}
