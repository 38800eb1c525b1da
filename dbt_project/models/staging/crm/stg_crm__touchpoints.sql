with touches as (

    {{ current_version(source('valid_crm', 'touchpoints')) }}

),

marks as (

    select
        *,
        row_number() over (partition by param_lower order by priority, network) as network_choice
    from {{ ref('click_id_params') }}

),

parameters as (

    {{ url_parameters('touches', 'landing_url',
                      ['shop', 'touch_id', 'utm_source', 'referrer_host']) }}

),

decoded as (

    select
        shop,
        touch_id,
        utm_source,
        referrer_host,
        position,
        parameter,
        {{ percent_decoded('parameter_value') }} as click_id
    from parameters

),

-- An unfilled macro of the publisher's tool is no click id: {clickid}, [CLICK_ID], !!!id!!!, ${id}, %%id%%.
filled as (

    select *
    from decoded
    where
        length(click_id) between 1 and 512
        and lower(click_id) not in ('undefined', 'null')
        and substr(click_id, 1, 1) not in ('{', '[')
        and substr(click_id, 1, 2) not in ('${', '%%')
        and substr(click_id, 1, 3) <> '!!!'

),

recognised as (

    select
        f.shop,
        f.touch_id,
        f.click_id,
        f.position,
        marks.param_lower,
        marks.network,
        marks.kind,
        marks.priority
    from filled as f
    inner join marks on f.parameter = marks.param_lower
    where
        (marks.needs_second_proof = 0 and marks.network_choice = 1)
        -- A name that several tools use counts only if the source or the referrer says the same.
        or (
            marks.needs_second_proof = 1
            and (
                replace(lower(f.utm_source), '-', '_') = marks.network
                or replace(lower(f.referrer_host), '-', '_') like '%' || marks.network || '%'
            )
        )

),

-- Several parameters of one network are one click; so are two values of one parameter: the first counts.
clicks as (

    select *
    from (
        select
            *,
            row_number() over (
                partition by shop, touch_id, network
                order by priority, position, param_lower
            ) as network_rank,
            sum(case when kind = 'affiliate' then 1 else 0 end) over (
                partition by shop, touch_id
            ) as affiliate_marks
        from recognised
    ) as ranked
    where network_rank = 1 and (kind <> 'affiliate_flag' or affiliate_marks = 0)

),

numbered as (

    select
        *,
        row_number() over (partition by shop, touch_id order by priority, network) as click_number,
        count(*) over (partition by shop, touch_id) as click_count
    from clicks

)

select
    t.shop || ':' || t.touch_id
    || case when n.click_number > 1 then ':' || cast(n.click_number as varchar) else '' end as touchpoint_id,
    t.shop,
    t.touch_id,
    t.occurred_at,
    t.visitor_hash,
    t.customer_hash,
    case
        when n.kind = 'affiliate_flag' then 'affiliate'
        when n.kind is not null then n.kind
        when media.channel is not null then media.channel
        when t.utm_source is not null or t.utm_medium is not null then 'other'
        when t.referrer_host is not null then 'referral'
        else 'direct'
    end as channel,
    case when n.kind <> 'affiliate_flag' then n.network end as network,
    n.param_lower as click_id_param,
    n.click_id,
    t.utm_source,
    t.utm_medium,
    t.utm_campaign,
    t.referrer_host,
    coalesce(n.click_count, 0) > 1 as has_several_click_ids,
    t._page_id,
    t._load_id,
    t._run_id
from touches as t
left join numbered as n on t.shop = n.shop and t.touch_id = n.touch_id
left join {{ ref('utm_channels') }} as media on lower(t.utm_medium) = media.utm_medium
