with networks as (

    select distinct order_key, network
    from {{ ref('fct_attribution_touches') }}
    where channel = 'affiliate' and network is not null

),

pairs as (

    select a.order_key, a.network, b.network as other_network
    from networks as a
    inner join networks as b on a.order_key = b.order_key

)

select
    p.network,
    p.other_network,
    count(*) as orders_touched,
    {{ money(sum_if_all_known('o.commissionable_amount_reporting')) }} as order_amount_reporting,
    max(o.reporting_currency) as reporting_currency
from pairs as p
inner join {{ ref('fct_orders') }} as o on p.order_key = o.order_key
group by p.network, p.other_network
