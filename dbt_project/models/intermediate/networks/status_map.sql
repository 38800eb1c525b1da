{% for network in networks_with() -%}
select
    network,
    raw_field,
    raw_word,
    status,
    lock_state,
    payment_state,
    payment_state_if_paid,
    row_kind,
    source,
    source_url,
    source_date
from {{ ref('status_map__' ~ network) }}
{% if not loop.last -%}
union all
{% endif -%}
{% endfor %}
