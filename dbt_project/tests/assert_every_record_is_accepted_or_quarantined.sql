{{ config(severity='warn') }}

-- A complete window that has been loaded: what the network sent is in the valid table or in quarantine, and nowhere else.
select window_id, network, account_id, stream, records, accepted, quarantined, unaccounted_records
from {{ ref('rpt_operations_windows') }}
where window_status = 'complete' and loaded_pages > 0 and coalesce(unaccounted_records, 1) <> 0
