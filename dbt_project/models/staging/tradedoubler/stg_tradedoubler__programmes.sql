with programs as (

    {{ current_version(source('valid_tradedoubler', 'programs')) }}

)

select
    'tradedoubler' as network,
    p._account_id as account_id,
    cast(p.id as varchar) as programme_id,
    p.name as programme_name,
    p.currency_code as currency,
    case
        when p.paused then 'paused'
        when p.active then 'active'
        when not p.active then 'inactive'
    end as status,
    cast(null as integer) as validation_days,
    cast(null as varchar) as lock_rule,
    p._observed_at as observed_at,
    p._page_id,
    p._load_id,
    p._run_id
from programs as p
