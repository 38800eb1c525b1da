{{ config(materialized='table') }}

-- Most journeys are of one touch, whose path needs no sorting.
{% for ended_by, touches, key in [
    ('order', ref('int_paths__built'), 'order_key'), ('pause', ref('int_paths__unconverted'), 'journey_key')] -%}
select
    '{{ ended_by }}' as ended_by,
    {{ key }} as ended_key,
    touch_count,
    channel as path
from {{ touches }}
where touch_count = 1
union all
select
    '{{ ended_by }}' as ended_by,
    {{ key }} as ended_key,
    touch_count,
    {{ dbt.listagg('channel', "' > '", 'order by touch_number') }} as path
from {{ touches }}
where touch_count > 1
group by {{ key }}, touch_count
{% if not loop.last %}
union all
{% endif -%}
{%- endfor %}
