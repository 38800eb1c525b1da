select
    n.network,
    n.name as network_name,
    n.currency_source,
    n.correction_style,
    n.tells_payment,
    cast(count(a.account_id) as integer) as accounts
from {{ ref('networks') }} as n
left join {{ source('config', 'accounts') }} as a on n.network = a.network
group by n.network, n.name, n.currency_source, n.correction_style, n.tells_payment
