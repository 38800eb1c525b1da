select
    n.network,
    n.network_name,
    n.currency_source,
    n.correction_style,
    n.tells_payment,
    n.tells_status,
    n.lock_rule,
    cast(count(a.account_id) as integer) as accounts
from {{ ref('int_networks__declared') }} as n
left join {{ source('config', 'accounts') }} as a on n.network = a.network
group by
    n.network, n.network_name, n.currency_source, n.correction_style, n.tells_payment, n.tells_status, n.lock_rule
