with brand as (

    select as_of, {{ hours_before('as_of', var('stale_after_hours')) }} as stale_before
    from {{ source('config', 'brand') }}

),

windows as (

    select * from {{ source('ops', 'windows') }}

),

-- A flagged record was let through; only a rejected one is missing from the numbers.
quarantined as (

    {% for stream in ['awin__transactions', 'awin__publishers', 'cj__commissions', 'crm__orders', 'crm__touchpoints'] -%}
    select
        '{{ stream.split('__')[0] }}' as network,
        _account_id as account_id
    from {{ source('quarantine', stream) }}
    where released_at is null and coalesce(disposition, 'rejected') <> 'flagged'
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}

),

accounts as (

    select network, account_id from {{ source('config', 'accounts') }}
    union
    select network, account_id from windows
    union
    select network, account_id from quarantined
    union
    select networks.network, cast(null as varchar) as account_id
    from {{ ref('networks') }} as networks
    where networks.network not in (select a.network from {{ source('config', 'accounts') }} as a)

),

-- A window that failed is settled once a later one on its clock has completed at least as far: every night asks
-- again for what is missing, and what fails again is a window of its own.
unsettled as (

    select w.network, w.account_id, w.status, w.window_id
    from windows as w
    left join windows as later
        on
            w.network = later.network
            and w.account_id = later.account_id
            and w.stream = later.stream
            and coalesce(w.clock, '') = coalesce(later.clock, '')
            and later.status = 'complete'
            and (later.window_end >= w.window_end or (later.window_end is null and w.window_end is null))
            and later.started_at > w.started_at
    where w.status <> 'complete'
    group by w.network, w.account_id, w.status, w.window_id
    having count(later.window_id) = 0

),

open_windows as (

    select network, account_id, count(*) as open_windows
    from unsettled
    group by network, account_id

),

completed as (

    select
        network,
        account_id,
        -- Files and listings have no span: they are known up to when they were read.
        coalesce(max(window_end), max(finished_at)) as last_window_end
    from windows
    where status = 'complete'
    group by network, account_id

),

held_back as (

    select network, account_id, count(*) as quarantined_rows
    from quarantined
    group by network, account_id

),

joined as (

    select
        accounts.network,
        accounts.account_id,
        -- A window may end after the instant it was asked at; more than that instant it cannot prove.
        case when completed.last_window_end > brand.as_of then brand.as_of else completed.last_window_end end
            as last_complete_window_end,
        coalesce(open_windows.open_windows, 0) as open_windows,
        coalesce(held_back.quarantined_rows, 0) as quarantined_rows,
        brand.as_of,
        brand.stale_before
    from accounts
    cross join brand
    left join completed on accounts.network = completed.network and accounts.account_id = completed.account_id
    left join open_windows on accounts.network = open_windows.network and accounts.account_id = open_windows.account_id
    left join held_back on accounts.network = held_back.network and accounts.account_id = held_back.account_id

)

select
    network,
    account_id,
    case
        when account_id is null then 'no account'
        when last_complete_window_end is null then 'missing'
        when last_complete_window_end < stale_before or open_windows > 0 then 'stale'
        else 'in'
    end as completeness,
    last_complete_window_end,
    cast(open_windows as integer) as open_windows,
    cast(quarantined_rows as integer) as quarantined_rows,
    as_of
from joined
