{{ config(severity='warn') }}

-- The network whose totals do not agree is held already; this tells which days to look at.
select network, account_id, stream, span_start, span_end, records_difference, total_amount_difference
from {{ ref('rpt_operations_control_totals') }}
where is_current and not agrees
