{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'stg_voluum__clicks'}}}) }}
-- depends_on: {{ ref('stg_voluum__clicks') }}

-- How far back the live list reaches is not documented. A visit since the first look that a conversion names and no list
-- showed is more than the list holds between two pulls.
with looks as (

    select _account_id, min(_observed_at) as first_at, max(_observed_at) as last_at
    from {{ source('valid_voluum', 'visits') }}
    group by _account_id

)

select
    c._account_id,
    count(distinct c.click_id) as visits
from {{ source('valid_voluum', 'conversions') }} as c
inner join looks on c._account_id = looks._account_id
left join {{ source('valid_voluum', 'visits') }} as v on c._account_id = v._account_id and c.click_id = v.click_id
where
    c.campaign_id = c._account_id
    and c.visit_timestamp > looks.first_at
    and c.visit_timestamp < looks.last_at
    and v.click_id is null
group by c._account_id
