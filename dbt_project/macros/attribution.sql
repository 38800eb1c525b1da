{# Every attribution model that credits orders, as a relation in brackets: those of the variable and those of the seed. #}
{% macro all_attribution_models() -%}
(
    {% for attribution_model in var('attribution_models') -%}
    select '{{ attribution_model }}' as attribution_model
    union
    {% endfor -%}
    select attribution_model from {{ ref('custom_attribution_models') }}
)
{%- endmacro %}


{# The sum of a group, unknown if any of its values is. #}
{% macro sum_if_all_known(expression) -%}
    case when count(*) = count({{ expression }}) then sum({{ expression }}) end
{%- endmacro %}
