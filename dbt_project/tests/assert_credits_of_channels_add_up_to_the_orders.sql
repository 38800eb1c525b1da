{{ config(meta={'dagster': {'ref': {'name': 'fct_attribution_channels'}}}) }}

select attribution_model, sum(credited_conversions) as credited
from {{ ref('fct_attribution_channels') }}
group by attribution_model
having sum(credited_conversions) <> (select count(*) from {{ ref('fct_orders') }})
