with letters as (

    select
        'dead letter' as letter_kind,
        network,
        account_id,
        stream,
        reason as letter_reason,
        resolved_at is null as is_open,
        times,
        first_seen_at,
        last_seen_at,
        resolved_at,
        message,
        -- Every message of the loader ends in what to do next.
        case
            when {{ dbt.position("'Next: '", 'message') }} > 0
                then substr(message, {{ dbt.position("'Next: '", 'message') }} + 6)
        end as next_step,
        letter_id as example
    from {{ source('ops', 'dead_letters') }}

    union all

    select
        case when is_let_through then 'flagged' else 'quarantined' end as letter_kind,
        network,
        account_id,
        stream,
        failed_checks as letter_reason,
        released_at is null as is_open,
        1 as times,
        first_seen_at,
        last_seen_at,
        released_at as resolved_at,
        cast(null as varchar) as message,
        next_step,
        coalesce(record_key, page_id) as example
    from {{ ref('int_quarantine__unioned') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by letter_kind, network, account_id, stream, letter_reason, is_open
            order by last_seen_at desc, example
        ) as recency
    from letters

)

select
    letter_kind,
    network,
    account_id,
    stream,
    letter_reason,
    is_open,
    cast(count(*) as bigint) as letters,
    cast(sum(times) as bigint) as times,
    min(first_seen_at) as first_seen_at,
    max(last_seen_at) as last_seen_at,
    max(resolved_at) as resolved_at,
    max(case when recency = 1 then message end) as message,
    max(case when recency = 1 then next_step end) as next_step,
    max(case when recency = 1 then example end) as example
from ranked
group by letter_kind, network, account_id, stream, letter_reason, is_open
