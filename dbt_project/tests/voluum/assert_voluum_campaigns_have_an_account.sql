{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'stg_voluum__conversions'}}}) }}
-- depends_on: {{ ref('stg_voluum__conversions') }}

-- The report shows every campaign; one without an account in the settings is in no conversion.
select
    c.campaign_id,
    max(c.campaign_name) as campaign_name,
    count(distinct c.row_id) as conversions
from {{ source('valid_voluum', 'conversions') }} as c
left join {{ source('config', 'accounts') }} as a on a.network = 'voluum' and c.campaign_id = a.account_id
where a.account_id is null
group by c.campaign_id
