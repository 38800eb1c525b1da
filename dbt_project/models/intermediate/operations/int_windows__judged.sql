with loaded as (

    select window_id, count(*) as loaded_pages
    from {{ source('ops', 'pages') }}
    group by window_id

)

select
    w.window_id,
    w.network,
    w.account_id,
    w.stream,
    w.clock,
    w.window_start,
    w.window_end,
    w.keys,
    w.reason as window_reason,
    w.status as window_status,
    case
        when w.status = 'complete' and w.proof is not null then 'proved'
        when w.status = 'complete' then 'unproved'
        when w.made_good_at is not null then 'settled'
        -- Started again under another name, which has a standing of its own.
        when w.status = 'abandoned' then 'abandoned'
        when w.status = 'incomplete' and w.resume_at is not null then 'resumable'
        else 'open'
    end as window_standing,
    w.proof,
    w.expected_records,
    w.records,
    w.accepted,
    w.quarantined,
    w.pages,
    coalesce(loaded.loaded_pages, 0) as loaded_pages,
    w.requests,
    w.retries,
    w.waited_seconds,
    w.resume_at,
    w.made_good_at,
    w.message,
    w.run_id,
    w.as_of,
    w.started_at,
    w.finished_at
from {{ source('ops', 'windows') }} as w
left join loaded on w.window_id = loaded.window_id
