{% for stream in ['awin__transactions', 'awin__publishers', 'cj__commissions', 'crm__orders', 'crm__touchpoints'] -%}
select
    '{{ stream.split('__')[0] }}' as network,
    _account_id as account_id,
    '{{ stream.split('__')[1] }}' as stream,
    _key as record_key,
    failed_checks,
    -- A flagged record was let through; only a rejected one is missing from the numbers.
    coalesce(disposition, 'rejected') = 'flagged' as is_let_through,
    next_step,
    first_seen_at,
    last_seen_at,
    released_at,
    _page_id as page_id
from {{ source('quarantine', stream) }}
{% if not loop.last -%}
union all
{% endif -%}
{% endfor %}
