{{ config(severity='warn') }}

select call_id, network, account_id, outcome, started_at
from {{ ref('fct_api_calls') }}
where
    outcome is null
    or outcome not in ('ok', 'limit', 'server', 'connection', 'timeout', 'body', 'contract', 'auth', 'refused')
