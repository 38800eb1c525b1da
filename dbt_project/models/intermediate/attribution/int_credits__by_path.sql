{#- A rule by position holds for every path of a length. -#}
{%- set by_length = ['first', 'last', 'linear', 'position', 'w_shape'] -%}
{%- set by_path = ['last_non_direct', 'affiliate_last_click', 'markov', 'shapley', 'leave_one_out'] -%}
{%- set computed = computed_attribution_models() -%}

{{ config(materialized='table') }}

select
    steps.path_number,
    steps.touch_number
    {%- for model in by_length + by_path if model in computed %},
    {{ model }}_credits.credit_fraction as {{ model }}_credit_fraction
    {%- endfor %}
from {{ ref('int_paths__steps') }} as steps
{% for model in by_length + by_path if model in computed -%}
{%- set key = 'touch_count' if model in by_length else 'path_number' -%}
left join {{ ref('int_credits__' ~ model) }} as {{ model }}_credits
    on steps.{{ key }} = {{ model }}_credits.{{ key }} and steps.touch_number = {{ model }}_credits.touch_number
{% endfor %}
