select
    network || ':' || account_id || ':' || programme_id as programme_key,
    network,
    account_id,
    programme_id,
    programme_name,
    currency,
    status,
    validation_days,
    lock_rule,
    observed_at,
    _page_id,
    _load_id,
    _run_id
from {{ ref('int_programmes__unioned') }}
