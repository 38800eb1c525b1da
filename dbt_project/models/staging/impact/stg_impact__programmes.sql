with campaigns as (

    {{ current_version(source('valid_impact', 'campaigns')) }}

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'impact'

)

select
    'impact' as network,
    c._account_id as account_id,
    cast(c.id as varchar) as programme_id,
    c.name as programme_name,
    -- The network tells a currency with each action only; the programme of an account has that of its entry.
    accounts.currency,
    lower(c.state) as status,
    cast(null as integer) as validation_days,
    cast(null as varchar) as lock_rule,
    c._observed_at as observed_at,
    c._page_id,
    c._load_id,
    c._run_id
from campaigns as c
left join accounts
    on c._account_id = accounts.account_id and accounts.account_id like '%.' || cast(c.id as varchar)
