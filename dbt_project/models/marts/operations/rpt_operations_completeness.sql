with brand as (

    select as_of, {{ hours_before('as_of', var('stale_after_hours')) }} as stale_before
    from {{ source('config', 'brand') }}

),

windows as (

    select * from {{ ref('int_windows__judged') }}

),

quarantined as (

    select network, account_id
    from {{ ref('int_quarantine__unioned') }}
    where released_at is null and not is_let_through

),

accounts as (

    select network, account_id from {{ source('config', 'accounts') }}
    union
    select network, account_id from windows
    union
    select network, account_id from quarantined
    union
    select networks.network, cast(null as varchar) as account_id
    from {{ ref('int_networks__declared') }} as networks
    where networks.network not in (select a.network from {{ source('config', 'accounts') }} as a)

),

open_windows as (

    select
        network,
        account_id,
        count(*) as open_windows,
        sum(case when window_standing = 'resumable' then 1 else 0 end) as resumable_windows,
        min(case when window_standing = 'resumable' then resume_at end) as resumes_at
    from windows
    where window_standing in ('open', 'resumable')
    group by network, account_id

),

completed as (

    select
        network,
        account_id,
        -- Files and listings have no span: they are known up to when they were read.
        coalesce(max(window_end), max(finished_at)) as last_window_end
    from windows
    where window_status = 'complete'
    group by network, account_id

),

held_back as (

    select network, account_id, count(*) as quarantined_rows
    from quarantined
    group by network, account_id

),

circuits as (

    select network, account_id, count(*) as open_circuits, min(retry_at) as next_trial_at
    from {{ source('ops', 'circuits') }}
    where state <> 'closed'
    group by network, account_id

),

joined as (

    select
        accounts.network,
        accounts.account_id,
        held.withheld_reason,
        -- A window may end after the instant it was asked at; more than that instant it cannot prove.
        case when completed.last_window_end > brand.as_of then brand.as_of else completed.last_window_end end
            as last_complete_window_end,
        coalesce(open_windows.open_windows, 0) as open_windows,
        coalesce(open_windows.resumable_windows, 0) as resumable_windows,
        open_windows.resumes_at,
        coalesce(circuits.open_circuits, 0) as open_circuits,
        circuits.next_trial_at,
        coalesce(held_back.quarantined_rows, 0) as quarantined_rows,
        brand.as_of,
        brand.stale_before
    from accounts
    cross join brand
    left join {{ ref('int_networks__held') }} as held on accounts.network = held.network
    left join completed on accounts.network = completed.network and accounts.account_id = completed.account_id
    left join open_windows on accounts.network = open_windows.network and accounts.account_id = open_windows.account_id
    left join circuits on accounts.network = circuits.network and accounts.account_id = circuits.account_id
    left join held_back on accounts.network = held_back.network and accounts.account_id = held_back.account_id

)

select
    network,
    account_id,
    case
        when account_id is null then 'no account'
        when withheld_reason is not null then 'withheld'
        when last_complete_window_end is null then 'missing'
        when last_complete_window_end < stale_before or open_windows > 0 then 'stale'
        else 'in'
    end as completeness,
    case when account_id is not null then withheld_reason end as withheld_reason,
    last_complete_window_end,
    cast(open_windows as integer) as open_windows,
    cast(resumable_windows as integer) as resumable_windows,
    resumes_at,
    cast(open_circuits as integer) as open_circuits,
    next_trial_at,
    cast(quarantined_rows as integer) as quarantined_rows,
    as_of
from joined
