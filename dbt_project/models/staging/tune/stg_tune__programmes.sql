with offers as (

    {{ current_version(source('valid_tune', 'offers')) }}

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'tune'

)

select
    'tune' as network,
    o._account_id as account_id,
    o.id as programme_id,
    o.name as programme_name,
    coalesce(o.currency, accounts.currency) as currency,
    lower(o.status) as status,
    -- The operator decides; no offer tells when.
    cast(null as integer) as validation_days,
    cast(null as varchar) as lock_rule,
    o._observed_at as observed_at,
    o._page_id,
    o._load_id,
    o._run_id
from offers as o
left join accounts on o._account_id = accounts.account_id
