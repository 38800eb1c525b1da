{{ config(materialized='table') }}

with combinations as (

    select distinct
        coalesce(c.click_kind, '') as click_kind,
        lower(coalesce(e.utm_medium, '')) as utm_medium,
        lower(coalesce(e.utm_source, '')) as utm_source,
        lower(coalesce(e.referrer_host, '')) as referrer_host
    from {{ ref('int_page_events__unioned') }} as e
    left join {{ ref('int_click_ids__recognised') }} as c on e.page_event_key = c.page_event_key

),

-- Where the click id was lost on the way, the redirect host of a network still stands as the referrer.
-- A tracker's id does not speak against it.
redirected as (

    select c.referrer_host, min(h.network) as network
    from (select distinct referrer_host from combinations where referrer_host <> '') as c
    inner join {{ ref('redirect_hosts') }} as h
        on c.referrer_host = h.host or c.referrer_host like '%.' || h.host
    group by c.referrer_host

),

matched as (

    select
        c.click_kind,
        c.utm_medium,
        c.utm_source,
        c.referrer_host,
        lower(r.channel) as channel,
        row_number() over (
            partition by c.click_kind, c.utm_medium, c.utm_source, c.referrer_host
            order by r.rule_number
        ) as choice
    from combinations as c
    inner join {{ ref('channel_rules') }} as r
        on
            -- An empty cell fits everything.
            (coalesce(r.click_kind, '') = '' or c.click_kind = r.click_kind)
            and (coalesce(r.utm_medium, '') = '' or (c.utm_medium <> '' and c.utm_medium like r.utm_medium))
            and (coalesce(r.utm_source, '') = '' or (c.utm_source <> '' and c.utm_source like r.utm_source))
            and (coalesce(r.referrer_host, '') = '' or (c.referrer_host <> '' and c.referrer_host like r.referrer_host))

)

select
    c.click_kind,
    c.utm_medium,
    c.utm_source,
    c.referrer_host,
    case
        when c.click_kind in ('', 'tracker') and redirected.network is not null then 'affiliate'
        else coalesce(matched.channel, 'other')
    end as channel,
    case when c.click_kind in ('', 'tracker') then redirected.network end as network
from combinations as c
left join matched
    on
        c.click_kind = matched.click_kind
        and c.utm_medium = matched.utm_medium
        and c.utm_source = matched.utm_source
        and c.referrer_host = matched.referrer_host
        and matched.choice = 1
left join redirected on c.referrer_host = redirected.referrer_host
