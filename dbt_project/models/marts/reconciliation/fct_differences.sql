{%- set of_this_life -%}
    case
        when
            d.status is not null
            and d.recorded_at > lives.opened_at
            and (lives.reopened_count = 0 or d.decided_at > lives.opened_at)
            then 1
        else 0
    end
{%- endset -%}
with latest as (

    select max(night_at) as night_at
    from {{ ref('int_nights__known') }}

),

lives as (

    select
        diff_key,
        min(night_at) as first_seen_at,
        max(case when event in ('opened', 'reopened') then night_at end) as opened_at,
        max(seen_until_at) as last_seen_at,
        max(case when event = 'changed' then night_at end) as changed_at,
        max(life_number) - 1 as reopened_count
    from {{ ref('int_differences__history') }}
    group by diff_key

),

-- A decision is about what its difference was then: what opened later is not settled by it, but keeps owner and note.
-- One that was made before a difference first showed waited for it.
decided as (

    select
        d.diff_key,
        d.status,
        d.owner,
        d.note,
        d.decided_by,
        d.decided_at,
        d.recorded_at,
        {{ of_this_life }} as is_of_this_life,
        row_number() over (
            partition by d.diff_key
            order by
                {{ of_this_life }} desc,
                d.decided_at desc, d.recorded_at desc, d.decision_id desc
        ) as status_recency,
        row_number() over (
            partition by d.diff_key
            order by
                case when d.owner is not null then 0 else 1 end,
                d.decided_at desc, d.recorded_at desc, d.decision_id desc
        ) as owner_recency,
        row_number() over (
            partition by d.diff_key
            order by
                case when d.note is not null then 0 else 1 end,
                d.decided_at desc, d.recorded_at desc, d.decision_id desc
        ) as note_recency
    from {{ source('ops', 'decisions') }} as d
    inner join lives on d.diff_key = lives.diff_key
    cross join latest
    where d.refused_because is null and d.recorded_at <= latest.night_at

),

decisions as (

    select
        diff_key,
        count(*) as decisions,
        max(case when status_recency = 1 and is_of_this_life = 1 then status end) as decided_status,
        max(case when status_recency = 1 and is_of_this_life = 1 then decided_by end) as decided_by,
        max(case when status_recency = 1 and is_of_this_life = 1 then decided_at end) as decided_at,
        max(case when status_recency = 1 and is_of_this_life = 1 then recorded_at end) as recorded_at,
        max(case when owner_recency = 1 then owner end) as owner,
        max(case when note_recency = 1 then note end) as note
    from decided
    group by diff_key

),

aged as (

    select
        last_event.*,
        lives.first_seen_at,
        lives.opened_at,
        lives.last_seen_at,
        lives.changed_at,
        lives.reopened_count,
        case when last_event.event = 'closed' then last_event.night_at end as closed_at,
        cast({{ dbt.datediff(
            'lives.opened_at',
            "case when last_event.event = 'closed' then last_event.night_at else latest.night_at end",
            'day'
        ) }} as integer) as age_days
    from {{ ref('int_differences__history') }} as last_event
    inner join lives on last_event.diff_key = lives.diff_key
    cross join latest
    where last_event.is_last_event

)

select
    aged.diff_key,
    aged.side,
    aged.network,
    aged.account_id,
    aged.shop,
    aged.record_id,
    aged.conversion_key,
    aged.order_key,
    aged.publisher_id,
    aged.class,
    aged.reason,
    case
        when aged.event = 'closed' then 'closed_by_data'
        else coalesce(decisions.decided_status, 'open')
    end as status,
    decisions.decided_status,
    decisions.decided_by,
    decisions.decided_at,
    decisions.owner,
    decisions.note,
    cast(coalesce(decisions.decisions, 0) as integer) as decisions,
    coalesce(aged.changed_at >= decisions.recorded_at, false) as has_changed_since_decision,
    aged.event = 'suspended' as is_suspended,
    aged.first_seen_at,
    aged.opened_at,
    aged.last_seen_at,
    aged.changed_at,
    aged.closed_at,
    aged.became_class,
    aged.became_reason,
    cast(aged.reopened_count as integer) as reopened_count,
    aged.age_days,
    {{ ageing_bucket('aged.age_days') }} as ageing_bucket,
    aged.occurred_at,
    aged.network_amount,
    aged.network_currency,
    aged.order_amount,
    aged.order_currency,
    aged.amount_difference,
    aged.commission_at_risk,
    aged.commission_currency,
    aged.commission_at_risk_reporting,
    aged.reporting_currency
from aged
left join decisions on aged.diff_key = decisions.diff_key
