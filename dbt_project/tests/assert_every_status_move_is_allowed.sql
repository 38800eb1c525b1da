{{ config(severity='warn') }}

-- What a network calls locked stays as it was decided.
select event_id, conversion_key, status_before, lock_state_before, status
from (
    select
        event_id,
        conversion_key,
        status,
        lag(status) over (partition by network, account_id, network_row_id order by version_number) as status_before,
        lag(lock_state) over (partition by network, account_id, network_row_id order by version_number)
            as lock_state_before
    from {{ ref('conversion_events') }}
) as moves
where lock_state_before = 'locked' and status_before <> status
