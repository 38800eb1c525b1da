-- In the game of conversions an order is a game of its own, in which all its channels are worth the same.
{% if var('shapley_game') == 'conversions' -%}
{{ credits_by_channel('shapley', 'cast(10000000000 as bigint)') }}
{%- else -%}
{{ credits_by_channel('shapley', 'cast(coalesce(weights.channel_weight, 0) * 1000000000000 as bigint)') }}
{%- endif %}
