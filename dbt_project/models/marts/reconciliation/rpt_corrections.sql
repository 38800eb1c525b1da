with instructions as (

    select
        *,
        {{ dbt.dateadd('second', 'within_seconds', 'sent_at') }} as due_at
    from {{ source('ops', 'corrections') }}

),

judged as (

    select
        i.*,
        c.conversion_key,
        c.status,
        c.sale_amount,
        c.locks_at,
        completeness.last_complete_window_end as read_until,
        coalesce(completeness.completeness = 'in', false) as is_read,
        brand.as_of,
        case
            when i.action = 'approve' then coalesce(c.status = 'approved', false)
            when i.action = 'decline' then coalesce(c.status in ('reversed', 'deleted'), false)
            else coalesce(c.sale_amount = i.amended_amount, false)
        end as is_as_told
    from instructions as i
    cross join {{ source('config', 'brand') }} as brand
    left join {{ ref('fct_conversions') }} as c
        on i.network = c.network and i.account_id = c.account_id and i.record_id = c.conversion_id
    left join {{ ref('rpt_operations_completeness') }} as completeness
        on i.network = completeness.network and i.account_id = completeness.account_id

)

select
    instruction_id,
    network,
    account_id,
    record_id,
    conversion_key,
    action as correction_action,
    ground as correction_ground,
    network_reason,
    state as correction_state,
    case
        when state not in ('sending', 'sent', 'unknown', 'written') then state
        when is_as_told then 'taken'
        when state <> 'written' and is_read and read_until > due_at then 'not_taken'
        when as_of > due_at then 'overdue'
        else 'waiting'
    end as correction_outcome,
    attempt as correction_attempt,
    status_before,
    status,
    sale_amount_before,
    amended_amount,
    sale_amount,
    currency,
    drafted_at,
    released_at as correction_released_at,
    sent_at,
    due_at as correction_due_at,
    read_until,
    locks_at,
    batch_id as correction_batch_id,
    reference as network_reference,
    message as correction_message
from judged
