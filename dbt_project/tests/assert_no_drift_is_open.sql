{{ config(severity='warn') }}

-- Read the network's notes on the field, declare or drop it in the schema, and replay.
select network, stream, field, drift_kind, detail, records, masked_sample, first_seen_at
from {{ ref('rpt_operations_drift') }}
where is_open
