{%- set failures = ['limit', 'server', 'connection', 'timeout', 'body', 'contract', 'auth', 'refused'] -%}

with attempts as (

    select
        *,
        {{ utc_date('as_of') }} as as_of_date,
        row_number() over (
            partition by network, account_id, correlation_id
            order by attempt, started_at, call_id
        ) as from_first,
        row_number() over (
            partition by network, account_id, correlation_id
            order by attempt desc, started_at desc, call_id desc
        ) as from_last
    from {{ ref('fct_api_calls') }}

),

-- Attempts with one correlation id are one question: its last attempt tells how it ended.
calls as (

    select
        *,
        case
            when
                from_last = 1
                and max(case when from_first = 1 and outcome <> 'ok' then 1 else 0 end) over (
                    partition by network, account_id, correlation_id
                ) = 1
                then 1
            else 0
        end as ends_a_question_that_failed_at_first
    from attempts

),

counted as (

    select
        network,
        account_id,
        stream,
        as_of_date,
        count(*) as calls,
        sum(case when from_last = 1 then 1 else 0 end) as questions,
        sum(case when outcome <> 'ok' then 1 else 0 end) as errors,
        {% for failure in failures -%}
        sum(case when outcome = '{{ failure }}' then 1 else 0 end) as {{ failure }}_errors,
        {% endfor -%}
        sum(case when attempt > 1 then 1 else 0 end) as retries,
        sum(ends_a_question_that_failed_at_first) as failed_at_first,
        sum(case when outcome = 'ok' then ends_a_question_that_failed_at_first else 0 end) as recovered,
        {{ percentile('case when http_status is not null then duration_ms end', 0.5) }} as p50_duration_ms,
        {{ percentile('case when http_status is not null then duration_ms end', 0.95) }} as p95_duration_ms,
        sum(case when page_id is not null then bytes end) as page_bytes,
        sum(page_records) as page_records,
        sum(waited_ms) as waited_ms,
        min(headroom) as lowest_headroom
    from calls
    group by network, account_id, stream, as_of_date

)

select
    network,
    account_id,
    stream,
    as_of_date,
    cast(calls as bigint) as calls,
    cast(questions as bigint) as questions,
    cast(errors as bigint) as errors,
    {{ ratio('errors', 'calls') }} as error_rate,
    {% for failure in failures -%}
    cast({{ failure }}_errors as bigint) as {{ failure }}_errors,
    {{ ratio(failure ~ '_errors', 'calls') }} as {{ failure }}_error_rate,
    {% endfor -%}
    cast(retries as bigint) as retries,
    cast(failed_at_first as bigint) as failed_at_first,
    cast(recovered as bigint) as recovered,
    {{ ratio('recovered', 'failed_at_first') }} as retry_success_rate,
    cast(p50_duration_ms as integer) as p50_duration_ms,
    cast(p95_duration_ms as integer) as p95_duration_ms,
    {{ ratio('page_bytes', 'page_records') }} as bytes_per_record,
    cast(cast(coalesce(waited_ms, 0) as decimal(18, 0)) * cast(0.001 as decimal(4, 3)) as decimal(18, 3)) as waited_seconds,
    cast(lowest_headroom as integer) as lowest_headroom
from counted
