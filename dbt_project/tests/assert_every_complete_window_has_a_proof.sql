{{ config(severity='warn') }}

select window_id, network, account_id, stream, window_start, window_end, records
from {{ ref('rpt_operations_windows') }}
where window_standing = 'unproved'
