{{ config(materialized='table') }}

{%- set switched_on = var('click_id_params_switched_on') %}

with parameters as (

    {{ url_parameters(ref('int_page_events__unioned'), 'landing_url', ['page_event_key', 'utm_source', 'referrer_host']) }}

),

decoded as (

    select
        p.page_event_key,
        p.utm_source,
        p.referrer_host,
        p.position,
        marks.param_lower,
        nullif(marks.network, '') as network,
        marks.kind,
        marks.priority,
        marks.needs_second_proof,
        marks.embedded,
        {{ percent_decoded('p.parameter_value') }} as click_id
    from parameters as p
    inner join {{ ref('click_id_params') }} as marks on p.parameter = marks.param_lower

),

candidates as (

    select * from decoded
    -- Of names in the seed alone: most values are none of a click id, and looking at them takes the longest.
    where not (kind = 'sub_id' or {{ is_no_id('click_id') }})

),

reported as (

    select network, click_id, min(publisher_id) as publisher_id
    from {{ ref('int_clicks__unioned') }}
    group by network, click_id

),

evident as (

    select distinct c.page_event_key, c.network
    from candidates as c
    inner join (select distinct page_event_key from candidates where needs_second_proof > 0) as doubted
        on c.page_event_key = doubted.page_event_key
    where c.needs_second_proof = 0 and c.network is not null

),

-- A referrer is a network's if it is one of its redirect hosts, or a part of it is the network's name.
referring as (

    select distinct hosts.referrer_host, hosts.network
    from (select distinct referrer_host, network from candidates where needs_second_proof > 0) as hosts
    left join {{ ref('redirect_hosts') }} as redirects on hosts.network = redirects.network
    where
        lower(hosts.referrer_host) = redirects.host
        or lower(hosts.referrer_host) like '%.' || redirects.host
        or '.' || replace(lower(hosts.referrer_host), '-', '_') || '.' like '%.' || hosts.network || '.%'

),

-- A name that several tools use counts only where something else says whose it is.
proved as (

    select
        c.page_event_key,
        c.position,
        c.param_lower,
        c.network,
        c.kind,
        c.priority,
        c.embedded,
        case when c.kind not in ('affiliate_flag', 'paid_flag') then c.click_id end as click_id,
        reported.network is not null as is_reported,
        reported.publisher_id,
        case
            when c.needs_second_proof = 0 then 0
            when reported.network is not null then 1
            {%- for entry in switched_on %}
            when c.param_lower = '{{ entry.split(':')[0] | lower }}' and c.network = '{{ entry.split(':')[1] }}' then 2
            {%- endfor %}
            when evident.network is not null then 3
            when replace(lower(c.utm_source), '-', '_') = c.network then 4
            when referring.network is not null then 5
        end as proof
    from candidates as c
    left join reported on c.network = reported.network and c.click_id = reported.click_id
    left join evident on c.page_event_key = evident.page_event_key and c.network = evident.network
    left join referring on c.referrer_host = referring.referrer_host and c.network = referring.network
    where c.kind <> 'companion'

),

-- Nearly every page has one candidate at most, of which nothing has to be chosen.
crowded as (

    select page_event_key
    from proved
    where proof is not null
    group by page_event_key
    having count(*) > 1

),

lone as (

    select p.*
    from proved as p
    left join crowded on p.page_event_key = crowded.page_event_key
    where p.proof is not null and crowded.page_event_key is null

),

-- One value is the click of one network: that of the strongest proof.
owned as (

    select *
    from (
        select
            p.*,
            row_number() over (
                partition by p.page_event_key, p.position
                order by p.proof, p.priority, p.network
            ) as owner_rank
        from proved as p
        inner join crowded on p.page_event_key = crowded.page_event_key
        where p.proof is not null
    ) as ranked
    where owner_rank = 1

),

-- Several parameters of one network are one click, of which the most specific counts; so are two values of one parameter.
clicks as (

    select *
    from (
        select
            *,
            row_number() over (
                partition by page_event_key, coalesce(network, '')
                order by priority, position, param_lower
            ) as network_rank,
            sum(case when kind in ('affiliate', 'affiliate_flag') and network is not null then 1 else 0 end) over (
                partition by page_event_key
            ) as named_affiliates,
            max(case when kind = 'tracker' then 1 else 0 end) over (partition by page_event_key) as trackers,
            max(case when kind <> 'tracker' then 1 else 0 end) over (partition by page_event_key) as others
        from owned
    ) as ranked
    where
        network_rank = 1
        -- That it was some publisher is no news beside its network.
        and (network is not null or named_affiliates = 0)
        -- What a tracker counts came by somebody else's link; it is evidence of that touch.
        and (kind <> 'tracker' or others = 0)

)

select
    page_event_key,
    cast(click_number as integer) as click_number,
    cast(click_count as integer) as click_count,
    network,
    kind as click_kind,
    param_lower as click_id_param,
    click_id,
    {{ told_click_time('embedded', 'click_id') }} as clicked_at,
    -- What a tracker counts is no claim of its publishers.
    case when kind <> 'tracker' then publisher_id end as publisher_id,
    is_reported,
    is_tracked
from (
    {%- set columns = 'page_event_key, network, kind, param_lower, click_id, embedded, publisher_id, is_reported' %}
    select {{ columns }}, kind = 'tracker' as is_tracked, 1 as click_number, 1 as click_count
    from lone
    union all
    select
        {{ columns }},
        trackers = 1 as is_tracked,
        row_number() over (partition by page_event_key order by priority, network) as click_number,
        count(*) over (partition by page_event_key) as click_count
    from clicks
) as numbered
