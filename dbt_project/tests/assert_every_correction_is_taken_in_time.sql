{{ config(severity='warn') }}

select instruction_id, network, account_id, record_id, correction_action, correction_outcome, sent_at, correction_due_at
from {{ ref('rpt_corrections') }}
where correction_outcome in ('not_taken', 'overdue') and correction_state in ('sending', 'sent', 'unknown', 'written')
