with listed as (

    {% for network in networks_with() -%}
    select '{{ network }}' as network
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}

)

select
    listed.network,
    coalesce(told.name, listed.network) as network_name,
    told.currency_source,
    told.correction_style,
    told.tells_payment,
    told.tells_status,
    told.lock_rule
from listed
left join {{ source('config', 'networks') }} as told on listed.network = told.network
