with campaigns as (

    {{ current_version(source('valid_post_affiliate_pro', 'campaigns')) }}

),

accounts as (

    select * from {{ source('config', 'accounts') }} where network = 'post_affiliate_pro'

)

select
    'post_affiliate_pro' as network,
    c._account_id as account_id,
    c.id as programme_id,
    c.name as programme_name,
    accounts.currency,
    lower(c.campaign_status) as status,
    -- The merchant decides; no campaign tells when.
    cast(null as integer) as validation_days,
    cast(null as varchar) as lock_rule,
    c._observed_at as observed_at,
    c._page_id,
    c._load_id,
    c._run_id
from campaigns as c
left join accounts on c._account_id = accounts.account_id
