{{ config(materialized='table') }}

{%- set as_of = var('identities_as_of') %}

with touches as (

    select * from {{ ref('int_touchpoints__unioned') }}
    where is_seen_by_shop

),

known as (

    select * from {{ ref('int_identities__known') }}
    {%- if as_of %}
    where known_from <= cast('{{ as_of }}' as timestamp)
    {%- endif %}

),

-- A browser that several customers used identifies none of them.
identities as (

    select visitor_hash, customer_hash
    from known
    where
        {%- if as_of %}
        known_to is null or known_to > cast('{{ as_of }}' as timestamp)
        {%- else %}
        known_to is null
        {%- endif %}

),

-- Nearly every click id is on one page, and need not be ranked. That some of these pages begin no touch does no harm.
seen_again as (

    select click_id
    from {{ ref('int_click_ids__recognised') }}
    where click_id is not null
    group by click_id
    having count(*) > 1

),

-- The same click id again is a reload or the back button; the click was its first sight. Not from `touches`: what is named
-- twice is built whole and kept aside, here all columns of every touch.
repeats as (

    select touchpoint_id
    from (
        select
            t.touchpoint_id,
            row_number() over (
                partition by coalesce(t.visitor_hash, t.customer_hash, t.touchpoint_id), t.network, t.click_id
                order by t.seen_at, t.touchpoint_id
            ) as sight
        from {{ ref('int_touchpoints__unioned') }} as t
        inner join seen_again as s on t.click_id = s.click_id
        where t.is_seen_by_shop
    ) as sights
    where sight > 1

)

select
    touches.touchpoint_id,
    touches.occurred_at,
    touches.visitor_hash,
    touches.channel,
    touches.network,
    touches.publisher_id,
    touches.click_id_param,
    touches.click_id,
    touches.utm_source,
    touches.utm_medium,
    touches.utm_campaign,
    touches.is_seen_by_network,
    touches.is_seen_by_tracker,
    {%- if as_of %}
    coalesce(own.customer_hash, identities.customer_hash) as resolved_customer_hash,
    {%- else %}
    coalesce(touches.customer_hash, identities.customer_hash) as resolved_customer_hash,
    {%- endif %}
    repeats.touchpoint_id is not null as is_repeat
from touches
left join identities on touches.visitor_hash = identities.visitor_hash
left join repeats on touches.touchpoint_id = repeats.touchpoint_id
{%- if as_of %}
-- What a touch says of its customer today may have been told later.
left join known as own on touches.visitor_hash = own.visitor_hash and touches.customer_hash = own.customer_hash
{%- endif %}
