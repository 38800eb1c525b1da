{{ config(meta={'dagster': {'ref': {'name': 'fct_attribution_channels'}}}) }}

-- Weights are shares of the orders with a touch; without any there is nothing to share.
select attribution_model, sum(channel_weight) as weights, sum(model_conversions) as orders
from {{ ref('fct_attribution_channels') }}
where channel_weight is not null
group by attribution_model
having
    sum(model_conversions) <> (select count(distinct order_key) from {{ ref('int_paths__built') }})
    or (sum(model_conversions) > 0 and sum(channel_weight) <> 1)
