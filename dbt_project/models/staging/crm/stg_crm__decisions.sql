select
    decision_id,
    diff_key,
    status as decided_status,
    owner,
    note,
    decided_by,
    decided_at,
    _page_id,
    _load_id,
    _run_id
from (
    {{ current_version(source('valid_crm', 'decisions')) }}
) as decisions
