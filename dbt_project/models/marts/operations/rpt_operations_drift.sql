select
    network,
    stream,
    field,
    kind as drift_kind,
    detail,
    resolved_at is null as is_open,
    records,
    masked_sample,
    first_seen_at,
    first_page_id,
    last_seen_at,
    resolved_at
from {{ source('ops', 'drift') }}
