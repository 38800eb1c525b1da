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


{#
    The instant in UTC of a wall-clock time without a zone, told in a zone of the tz database. In autumn, a time that
    the clock shows twice is taken as the later one; in spring, a time that it skips is taken as if it had not yet been
    put forward.
#}
{% macro local_to_utc(timestamp, zone) -%}
    {{ return(adapter.dispatch('local_to_utc', 'affiliate_assets')(timestamp, zone)) }}
{%- endmacro %}

{% macro default__local_to_utc(timestamp, zone) -%}
    (cast({{ timestamp }} as timestamp) at time zone '{{ zone }}') at time zone 'UTC'
{%- endmacro %}

{% macro spark__local_to_utc(timestamp, zone) -%}
    to_utc_timestamp({{ timestamp }}, '{{ zone }}')
{%- endmacro %}

{% macro snowflake__local_to_utc(timestamp, zone) -%}
    convert_timezone('{{ zone }}', 'UTC', cast({{ timestamp }} as timestamp_ntz))
{%- endmacro %}

{% macro bigquery__local_to_utc(timestamp, zone) -%}
    timestamp(cast({{ timestamp }} as datetime), '{{ zone }}')
{%- endmacro %}
