{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'stg_post_affiliate_pro__conversions'}}}) }}
-- depends_on: {{ ref('stg_post_affiliate_pro__conversions') }}

-- Refunds name their sale by transid; that the grid's id is the same is an assumption.
select _account_id, _key, id, transid, _observed_at
from {{ source('valid_post_affiliate_pro', 'transactions') }}
where id <> transid
