{#
    Credit of each touch where channels have weights: the channels of a path share by weight, the touches of one channel
    evenly. Where no channel of the path has any weight, all touches share evenly.

    weight: a whole number for the channel `weights.channel`, at most 10^12 for all channels together.
#}
{% macro credits_by_channel(attribution_model, weight) -%}
with touches as (

    select
        steps.path_number,
        steps.touch_number,
        {{ weight }} as channel_units,
        count(*) over (partition by steps.path_number, steps.channel) as touches_of_channel
    from {{ ref('int_paths__steps') }} as steps
    left join {{ ref('int_weights__' ~ attribution_model) }} as weights on steps.channel = weights.channel

),

shared as (

    select path_number, touch_number, {{ whole_quotient('channel_units', 'touches_of_channel') }} as touch_units
    from touches

),

weighted as (

    select
        path_number,
        touch_number,
        case when sum(touch_units) over (partition by path_number) > 0 then touch_units else 1 end as weight
    from shared

),

{{ credits_by_weight('weighted', 'path_number') }}
{%- endmacro %}


{# Models that learn from all paths what a channel is worth, and so have weights of channels beside credits of touches. #}
{% macro data_driven_models() -%}
    {{ return(['markov', 'shapley', 'leave_one_out']) }}
{%- endmacro %}
