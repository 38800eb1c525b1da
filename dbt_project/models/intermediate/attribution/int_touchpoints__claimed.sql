{{ config(materialized='table') }}

{%- set as_of = var('identities_as_of') %}

with clicks as (

    select * from {{ ref('int_touchpoints__unioned') }}
    where not is_seen_by_shop

),
{% if as_of %}
-- What a conversion says of its click may have been told later.
known as (

    select conversion_key
    from {{ ref('int_conversion_events__unioned') }}
    group by conversion_key
    having min(observed_at) <= cast('{{ as_of }}' as timestamp)

),
{% endif %}
-- A conversion that was reversed still tells whose click it was.
told as (

    select
        clicks.touchpoint_id as click_key,
        clicks.occurred_at,
        clicks.channel,
        clicks.network,
        clicks.publisher_id,
        c.conversion_key,
        o.order_key,
        o.customer_hash
    from clicks
    inner join {{ ref('int_conversions__keyed') }} as c
        on clicks.network = c.network and clicks.account_id = c.account_id and clicks.click_id = c.click_id
    {%- if as_of %}
    inner join known on c.conversion_key = known.conversion_key
    {%- endif %}
    -- Without an order where several fit.
    inner join {{ ref('int_pairs__chosen') }} as pairs on c.conversion_key = pairs.conversion_key
    inner join {{ ref('int_orders__keyed') }} as o on pairs.order_key = o.order_key

),

-- A click that several customers ordered by is nobody's alone: it led to these orders, and says nothing of others.
owned as (

    select
        *,
        min(conversion_key) over (partition by click_key) as first_conversion_key,
        case
            when min(customer_hash) over (partition by click_key) = max(customer_hash) over (partition by click_key)
                then customer_hash
        end as resolved_customer_hash
    from told

)

select distinct
    -- No click id leaves for the marts, so a conversion names the touch.
    'click:' || first_conversion_key as touchpoint_id,
    occurred_at,
    channel,
    network,
    publisher_id,
    resolved_customer_hash,
    case when resolved_customer_hash is null then order_key end as order_key
from owned
