{{ config(severity='warn') }}

-- A new word has no status until somebody maps it in the network's file in seeds/status_map.
select network, account_id, raw_status, count(*) as conversions, min(conversion_key) as example
from {{ ref('fct_conversions') }}
where status is null
group by network, account_id, raw_status
