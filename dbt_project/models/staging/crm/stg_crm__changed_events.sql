{#- Counting the versions of every event takes longer than reading them, and page events are read several times. -#}
{{ config(materialized='table') }}

{% for stream in ['touchpoints', 'ga4_events', 'snowplow_events', 'segment_pages'] -%}
select '{{ stream }}' as stream, _account_id as account_id, _key as event_key
from {{ source('valid_crm', stream) }}
group by _account_id, _key
having count(*) > 1
{% if not loop.last -%}
union all
{% endif -%}
{%- endfor %}
