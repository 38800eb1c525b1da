{# Every model that the project defines: each has two columns in fct_attribution_touches, filled if the variable names it. #}
{% macro defined_attribution_models() -%}
    {{ return([
        'first', 'last', 'last_non_direct', 'linear', 'position', 'w_shape', 'time_decay', 'affiliate_last_click', 'markov',
        'shapley', 'leave_one_out'
    ]) }}
{%- endmacro %}


{# Those that are computed: the ones asked for, and what networks pay by, which reports compare with. #}
{% macro computed_attribution_models() -%}
    {%- for model in var('attribution_models') if model not in defined_attribution_models() -%}
        {%- do exceptions.raise_compiler_error(
            'vars: attribution_models: ' ~ model ~ ' is unknown; known are ' ~ defined_attribution_models() | join(', ')
            ~ ', and those of the seed custom_attribution_models, which are not named here.') -%}
    {%- endfor -%}
    {%- set computed = [] -%}
    {%- for model in defined_attribution_models() if model in var('attribution_models') or model == 'affiliate_last_click' -%}
        {%- do computed.append(model) -%}
    {%- endfor -%}
    {{ return(computed) }}
{%- endmacro %}


{# Every attribution model that credits orders, as a relation in brackets: those of the variable and those of the seed. #}
{% macro all_attribution_models(models=none) -%}
(
    {% for attribution_model in models or var('attribution_models') -%}
    select '{{ attribution_model }}' as attribution_model
    union
    {% endfor -%}
    select attribution_model from {{ ref('custom_attribution_models') }}
)
{%- endmacro %}


{#
    Common table expressions that end with `summed`: what models credit to groups of touches, a row for each model and group
    to which it credits anything.

    relation: rows of fct_attribution_touches, with whatever else the expressions need.
    columns: those to group by.
    measures: name to an aggregate expression, in which {credit} and {revenue} stand for those of the model.
    models: those of the project to look at; by default those of the variable.
#}
{% macro summed_credits(relation, columns, measures, models=none) -%}
{%- set models = models or var('attribution_models') -%}
sums as (

    select
        {{ columns | join(', ') }}
        {%- for model in models %},
        count({{ model }}_credit_fraction) as {{ model }}_touches
        {%- for name, expression in measures.items() %},
        {{ _of_model(expression, model ~ '_credit_fraction', model ~ '_credited_revenue') }} as {{ model }}_{{ name }}
        {%- endfor %}
        {%- endfor %}
    from {{ relation }}
    group by {{ columns | join(', ') }}

),

-- Models of the seed have no columns of their own.
own_credits as (

    select t.*, c.attribution_model, c.credit_fraction, c.credited_revenue
    from {{ relation }} as t
    inner join {{ ref('fct_attribution_custom_credits') }} as c
        on t.order_key = c.order_key and t.touch_number = c.touch_number

),

summed as (

    {% for model in models -%}
    select
        '{{ model }}' as attribution_model,
        {{ columns | join(', ') }}
        {%- for name in measures %},
        {{ model }}_{{ name }} as {{ name }}
        {%- endfor %}
    from sums
    where {{ model }}_touches > 0
    union all
    {% endfor -%}
    select
        attribution_model,
        {{ columns | join(', ') }}
        {%- for name, expression in measures.items() %},
        {{ _of_model(expression, 'credit_fraction', 'credited_revenue') }} as {{ name }}
        {%- endfor %}
    from own_credits
    group by attribution_model, {{ columns | join(', ') }}

)
{%- endmacro %}


{% macro _of_model(expression, credit, revenue) -%}
    {{ expression | replace('{credit}', credit) | replace('{revenue}', revenue) }}
{%- endmacro %}


{#
    A query of one row for each model and touch that it credits.

    touches: rows of fct_attribution_touches. own: those of fct_attribution_custom_credits.
#}
{% macro credit_lines(touches, own) -%}
{%- set columns = [
    'shop', 'order_id', 'ordered_at', 'touchpoint_id', 'touch_count', 'touched_at', 'channel', 'network', 'is_seen_by_shop',
    'is_withheld', 'publisher_id', 'utm_source', 'utm_medium', 'utm_campaign', 'currency', 'fx_rate', 'reporting_currency'
] -%}
{% for model in var('attribution_models') -%}
select
    order_key || ':{{ model }}:' || coalesce(touchpoint_id, '') as credit_key,
    order_key,
    '{{ model }}' as attribution_model,
    nullif(touch_number, 0) as touch_number,
    {{ columns | join(', ') }},
    {{ model }}_credit_fraction as credit_fraction,
    {{ model }}_credited_revenue as credited_revenue
from {{ touches }}
where {{ model }}_credit_fraction is not null
union all
{% endfor -%}
select
    t.order_key || ':' || c.attribution_model || ':' || coalesce(t.touchpoint_id, '') as credit_key,
    t.order_key,
    c.attribution_model,
    nullif(t.touch_number, 0) as touch_number,
    {% for column in columns %}t.{{ column }}, {% endfor %}
    c.credit_fraction,
    c.credited_revenue
from {{ own }} as c
inner join {{ touches }} as t on c.order_key = t.order_key and c.touch_number = t.touch_number
{%- endmacro %}


{# The sum of a group, unknown if any of its values is. #}
{% macro sum_if_all_known(expression) -%}
    case when count(*) = count({{ expression }}) then sum({{ expression }}) end
{%- endmacro %}
