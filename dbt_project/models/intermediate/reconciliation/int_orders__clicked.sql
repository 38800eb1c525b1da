select order_key, touchpoint_id, network as clicked_network, clicked_at
from (
    select
        o.order_key,
        t.touchpoint_id,
        t.network,
        t.occurred_at as clicked_at,
        row_number() over (
            partition by o.order_key
            order by t.occurred_at desc, t.touchpoint_id
        ) as recency
    from {{ ref('int_orders__keyed') }} as o
    inner join {{ ref('int_touchpoints__identified') }} as t
        on
            o.customer_hash = t.resolved_customer_hash
            and t.occurred_at <= o.ordered_at
            and t.occurred_at >= {{ lookback_begins('o.ordered_at', 't.channel') }}
    where
        t.channel = 'affiliate'
        and t.click_id_param is not null
        -- A network whose conversions nobody pulls cannot miss one.
        and t.network in (select accounts.network from {{ source('config', 'accounts') }} as accounts)
) as clicks
where recency = 1
