{%- set trackers = [] -%}
{%- for network in var('networks') if network.get('tracker', false) -%}
    {%- do trackers.append("'" ~ network.name ~ "'") -%}
{%- endfor -%}

with events as (

    select e.*
    from {{ ref('int_page_events__unioned') }} as e
    left join {{ ref('int_page_events__sessioned') }} as s on e.page_event_key = s.page_event_key
    where e.is_visit or s.begins_session

),

pages as (

    select
        e.page_event_key
        || case when c.click_number > 1 then ':' || cast(c.click_number as varchar) else '' end as touchpoint_id,
        e.page_event_key as session_key,
        e.shop,
        -- As the click id tells it, if that can be: no click is later than its page, or known for longer than thirteen months.
        case
            when c.clicked_at <= e.occurred_at and c.clicked_at >= {{ dbt.dateadd('month', -13, 'e.occurred_at') }}
                then c.clicked_at
            else e.occurred_at
        end as occurred_at,
        e.occurred_at as seen_at,
        e.visitor_hash,
        e.customer_hash,
        rules.channel,
        -- A tracker counts clicks of others, and claims none of them; its id only tells a reload.
        coalesce(case when c.click_kind <> 'tracker' then c.network end, rules.network) as network,
        cast(null as varchar) as account_id,
        c.publisher_id,
        case when c.click_kind <> 'tracker' then c.click_id_param end as click_id_param,
        c.click_id,
        e.utm_source,
        e.utm_medium,
        e.utm_campaign,
        e.referrer_host,
        coalesce(c.click_count, 0) > 1 as has_several_click_ids,
        true as is_seen_by_shop,
        coalesce(c.is_reported, false) and c.click_kind <> 'tracker' as is_seen_by_network,
        coalesce(c.is_tracked, false) as is_seen_by_tracker
    from events as e
    left join {{ ref('int_click_ids__recognised') }} as c on e.page_event_key = c.page_event_key
    left join {{ ref('int_channels__ruled') }} as rules
        on
            coalesce(c.click_kind, '') = rules.click_kind
            and lower(coalesce(e.utm_medium, '')) = rules.utm_medium
            and lower(coalesce(e.utm_source, '')) = rules.utm_source
            and lower(coalesce(e.referrer_host, '')) = rules.referrer_host

),

-- A page that names neither browser nor customer is nobody's touch, so a conversion may still tell whose its click is.
shown as (

    select c.network, c.click_id
    from {{ ref('int_click_ids__recognised') }} as c
    inner join {{ ref('int_page_events__unioned') }} as e on c.page_event_key = e.page_event_key
    where c.is_reported and (e.visitor_hash is not null or e.customer_hash is not null)

),

-- Clicks that no such page shows: they count for the network, and only a conversion can tell whose they are.
unseen as (

    select
        'click:' || k.network || ':' || k.account_id || ':' || k.click_id as touchpoint_id,
        k.network,
        k.account_id,
        k.publisher_id,
        k.click_id,
        min(k.clicked_at) as occurred_at,
        min(k.referrer_host) as referrer_host
    from {{ ref('int_clicks__unioned') }} as k
    left join shown on k.network = shown.network and k.click_id = shown.click_id
    where shown.click_id is null and k.clicked_at is not null
    {%- if trackers %} and k.network not in ({{ trackers | join(', ') }}){% endif %}
    group by k.network, k.account_id, k.publisher_id, k.click_id

)

select * from pages

union all

select
    touchpoint_id,
    touchpoint_id as session_key,
    cast(null as varchar) as shop,
    occurred_at,
    cast(null as timestamp) as seen_at,
    cast(null as varchar) as visitor_hash,
    cast(null as varchar) as customer_hash,
    'affiliate' as channel,
    network,
    account_id,
    publisher_id,
    cast(null as varchar) as click_id_param,
    click_id,
    cast(null as varchar) as utm_source,
    cast(null as varchar) as utm_medium,
    cast(null as varchar) as utm_campaign,
    referrer_host,
    false as has_several_click_ids,
    false as is_seen_by_shop,
    true as is_seen_by_network,
    false as is_seen_by_tracker
from unseen
