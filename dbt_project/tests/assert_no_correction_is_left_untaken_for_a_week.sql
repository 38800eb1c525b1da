{{ config(meta={'dagster': {'ref': {'name': 'rpt_corrections'}}}) }}

-- A week in which nobody settled what a warning said every night.
select c.instruction_id, c.network, c.account_id, c.record_id, c.correction_action, c.correction_outcome, c.sent_at
from {{ ref('rpt_corrections') }} as c
cross join {{ source('config', 'brand') }} as brand
where
    c.correction_outcome in ('not_taken', 'overdue')
    and c.correction_state in ('sending', 'sent', 'unknown', 'written')
    and c.correction_due_at < {{ days_before('brand.as_of', 7) }}
