-- Nearly every page shows one click at most. Of a further one without an id nobody could tell that it was there before.
with further as (

    select
        page_event_key,
        {{ dbt.listagg("network || '=' || click_id", "';'", 'order by click_number') }} as clicks
    from {{ ref('int_click_ids__recognised') }}
    where click_number > 1 and click_id is not null
    group by page_event_key

),

marked as (

    select
        e.page_event_key,
        e.shop,
        coalesce(e.visitor_hash, e.page_event_key) as visitor,
        e.occurred_at,
        nullif(
            coalesce(e.utm_source, '') || coalesce(';' || e.utm_medium, '') || coalesce(';' || e.utm_campaign, '')
            || coalesce(';' || c.network || '=' || coalesce(c.click_id, ''), '') || coalesce(';' || further.clicks, ''),
            ''
        ) as campaign
    from {{ ref('int_page_events__unioned') }} as e
    left join {{ ref('int_click_ids__recognised') }} as c on e.page_event_key = c.page_event_key and c.click_number = 1
    left join further on e.page_event_key = further.page_event_key
    where not e.is_visit

),

gapped as (

    select
        *,
        case
            when {{ dbt.datediff(
                'lag(occurred_at) over (partition by shop, visitor order by occurred_at, page_event_key)',
                'occurred_at', 'second') }} <= {{ (var('session_minutes') * 60) | int }} then 0
            else 1
        end as begins_after_pause
    from marked

),

numbered as (

    select
        *,
        sum(begins_after_pause) over (
            partition by shop, visitor
            order by occurred_at, page_event_key
            rows between unbounded preceding and current row
        ) as stay
    from gapped

),

campaigns as (

    select
        page_event_key,
        lag(campaign) over (partition by shop, visitor, stay order by occurred_at, page_event_key) as campaign_before,
        campaign
    from numbered
    where campaign is not null

),

begun as (

    select
        n.*,
        case
            when n.begins_after_pause = 1 or c.campaign <> coalesce(c.campaign_before, '') then 1 else 0
        end as begins_session
    from numbered as n
    left join campaigns as c on n.page_event_key = c.page_event_key

)

select
    page_event_key,
    cast(
        sum(begins_session) over (
            partition by shop, visitor
            order by occurred_at, page_event_key
            rows between unbounded preceding and current row
        ) as integer
    ) as session_number,
    begins_session = 1 as begins_session
from begun
