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
        {{ percent_decoded('p.parameter_value') }} as click_id
    from parameters as p
    inner join {{ ref('click_id_params') }} as marks on p.parameter = marks.param_lower
    where marks.kind <> 'sub_id'

),

candidates as (

    select * from decoded
    where not {{ is_no_id('click_id') }}

),

reported as (

    select network, click_id, min(publisher_id) as publisher_id
    from {{ ref('int_clicks__unioned') }}
    group by network, click_id

),

evident as (

    select distinct page_event_key, network from candidates
    where needs_second_proof = 0 and network is not null

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
            when replace(lower(c.referrer_host), '-', '_') like '%' || c.network || '%' then 5
        end as proof
    from candidates as c
    left join reported on c.network = reported.network and c.click_id = reported.click_id
    left join evident on c.page_event_key = evident.page_event_key and c.network = evident.network
    where c.kind <> 'companion'

),

-- One value is the click of one network: that of the strongest proof.
owned as (

    select *
    from (
        select
            *,
            row_number() over (
                partition by page_event_key, position
                order by proof, priority, network
            ) as owner_rank
        from proved
        where proof is not null
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
    cast(row_number() over (partition by page_event_key order by priority, network) as integer) as click_number,
    cast(count(*) over (partition by page_event_key) as integer) as click_count,
    network,
    kind as click_kind,
    param_lower as click_id_param,
    click_id,
    case when kind <> 'tracker' then publisher_id end as publisher_id,
    is_reported,
    trackers = 1 as is_tracked
from clicks
