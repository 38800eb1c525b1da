with credits as (

    select
        attribution_model,
        channel,
        sum(credited_orders) as credited_conversions,
        {{ sum_if_all_known('credited_revenue_reporting') }} as credited_revenue_reporting,
        max(reporting_currency) as reporting_currency
    from {{ ref('rpt_attribution_rollup') }}
    group by attribution_model, channel

),

weights as (

    {% for attribution_model in data_driven_models() -%}
    select * from {{ ref('int_weights__' ~ attribution_model) }}
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}

)

select
    coalesce(credits.attribution_model, weights.attribution_model) as attribution_model,
    coalesce(credits.channel, weights.channel) as channel,
    {{ money('coalesce(credits.credited_conversions, 0)') }} as credited_conversions,
    {{ money('case when credits.channel is null then 0 else credits.credited_revenue_reporting end') }}
        as credited_revenue_reporting,
    credits.reporting_currency,
    weights.channel_effect,
    weights.effect_error_bound,
    weights.channel_weight,
    weights.weight_low,
    weights.weight_high,
    weights.model_conversions
from credits
full outer join weights
    on credits.attribution_model = weights.attribution_model and credits.channel = weights.channel
