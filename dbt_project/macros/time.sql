{% macro days_before(timestamp, days) -%}
    {{ dbt.dateadd('day', -days, timestamp) }}
{%- endmacro %}


{% macro hours_before(timestamp, hours) -%}
    {{ dbt.dateadd('hour', -hours, timestamp) }}
{%- endmacro %}


{% macro utc_date(timestamp) -%}
    cast({{ timestamp }} as date)
{%- endmacro %}


{# The first day of the month in UTC. #}
{% macro month_of(timestamp) -%}
    cast({{ dbt.date_trunc('month', timestamp) }} as date)
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


{# The same where the zone is an expression: a column with a name of the tz database. #}
{% macro wall_clock_to_utc(timestamp, zone) -%}
    {{ return(adapter.dispatch('wall_clock_to_utc', 'affiliate_assets')(timestamp, zone)) }}
{%- endmacro %}

{% macro default__wall_clock_to_utc(timestamp, zone) -%}
    ((cast({{ timestamp }} as timestamp) at time zone {{ zone }}) at time zone 'UTC')
{%- endmacro %}

{% macro spark__wall_clock_to_utc(timestamp, zone) -%}
    to_utc_timestamp({{ timestamp }}, {{ zone }})
{%- endmacro %}

{% macro snowflake__wall_clock_to_utc(timestamp, zone) -%}
    convert_timezone({{ zone }}, 'UTC', cast({{ timestamp }} as timestamp_ntz))
{%- endmacro %}

{% macro bigquery__wall_clock_to_utc(timestamp, zone) -%}
    timestamp(cast({{ timestamp }} as datetime), {{ zone }})
{%- endmacro %}


{# What the clock in a zone shows at an instant in UTC; the zone is an expression. #}
{% macro wall_clock(timestamp, zone) -%}
    {{ return(adapter.dispatch('wall_clock', 'affiliate_assets')(timestamp, zone)) }}
{%- endmacro %}

{% macro default__wall_clock(timestamp, zone) -%}
    ((cast({{ timestamp }} as timestamp) at time zone 'UTC') at time zone {{ zone }})
{%- endmacro %}

{% macro spark__wall_clock(timestamp, zone) -%}
    from_utc_timestamp({{ timestamp }}, {{ zone }})
{%- endmacro %}

{% macro snowflake__wall_clock(timestamp, zone) -%}
    convert_timezone('UTC', {{ zone }}, cast({{ timestamp }} as timestamp_ntz))
{%- endmacro %}

{% macro bigquery__wall_clock(timestamp, zone) -%}
    datetime({{ timestamp }}, {{ zone }})
{%- endmacro %}


{# First day of the month that the clock in a zone shows at an instant in UTC. #}
{% macro month_in_zone(timestamp, zone) -%}
    cast({{ dbt.date_trunc('month', wall_clock(timestamp, zone)) }} as date)
{%- endmacro %}


{#
    The end of a period of days, as days of 24 hours or of the brand's calendar, whichever ends first: networks do not tell
    which of them they count, and a day may have 23 hours.
#}
{% macro days_in_brand_zone(timestamp, days) -%}
    {%- set hours = dbt.dateadd('day', days, timestamp) -%}
    {%- set days_of_calendar = wall_clock_to_utc(
        dbt.dateadd('day', days, wall_clock(timestamp, 'brand.time_zone')), 'brand.time_zone') -%}
    case when {{ days_of_calendar }} < {{ hours }} then {{ days_of_calendar }} else {{ hours }} end
{%- endmacro %}
