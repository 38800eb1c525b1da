{{ config(materialized='table') }}

with touches as (

    select * from {{ ref('stg_crm__touchpoints') }}

),

-- A browser that several customers used identifies none of them.
identities as (

    select visitor_hash, min(customer_hash) as customer_hash
    from touches
    where visitor_hash is not null and customer_hash is not null
    group by visitor_hash
    having min(customer_hash) = max(customer_hash)

)

select
    touches.touchpoint_id,
    touches.occurred_at,
    touches.channel,
    touches.network,
    touches.click_id_param,
    touches.click_id,
    touches.utm_source,
    touches.utm_medium,
    touches.utm_campaign,
    coalesce(touches.customer_hash, identities.customer_hash) as resolved_customer_hash,
    -- The same click id again is a reload or the back button; the click was its first sight.
    case
        when touches.click_id is null then false
        else row_number() over (
            partition by
                coalesce(touches.visitor_hash, touches.customer_hash, touches.touchpoint_id),
                touches.network, touches.click_id
            order by touches.occurred_at, touches.touchpoint_id
        ) > 1
    end as is_repeat
from touches
left join identities on touches.visitor_hash = identities.visitor_hash
