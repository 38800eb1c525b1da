{#
    Credit of each touch where channels have weights: the channels of a path share by weight, the touches of one channel
    evenly. Where no channel of the path has any weight, all touches share evenly.

    Orders with the same path share alike, so one example of each path is split.

    weight: a whole number for the channel `weights.channel`, at most 10^12 for all channels together.
#}
{% macro credits_by_channel(attribution_model, weight) -%}
with touches as (

    select
        touched.order_key,
        touched.touch_number,
        {{ weight }} as channel_units,
        count(*) over (partition by touched.order_key, touched.channel) as touches_of_channel
    from {{ ref('int_paths__aggregated') }} as examples
    inner join {{ ref('int_paths__built') }} as touched on examples.example_order_key = touched.order_key
    left join {{ ref('int_weights__' ~ attribution_model) }} as weights on touched.channel = weights.channel

),

weighted as (

    select order_key, touch_number, {{ whole_quotient('channel_units', 'touches_of_channel') }} as touch_units
    from touches

),

totalled as (

    select
        order_key,
        touch_number,
        case when sum(touch_units) over (partition by order_key) > 0 then touch_units else 1 end as weight
    from weighted

),

shared as (

    select
        *,
        cast(1000000 as bigint) as units,
        cast(sum(weight) over (partition by order_key) as bigint) as weights
    from totalled

),

split as (

    {{ split_by_largest_remainder('shared', 'order_key') }}

)

select
    sequences.ended_key as order_key,
    '{{ attribution_model }}' as attribution_model,
    split.touch_number,
    {{ from_units('split.part', 6) }} as credit_fraction
from {{ ref('int_paths__sequenced') }} as sequences
inner join {{ ref('int_paths__aggregated') }} as examples on sequences.path = examples.path
inner join split on examples.example_order_key = split.order_key
where sequences.ended_by = 'order' and split.part > 0
{%- endmacro %}


{# Models that learn from all paths what a channel is worth, and so have weights of channels beside credits of touches. #}
{% macro data_driven_models() -%}
    {{ return(['markov', 'shapley', 'leave_one_out']) }}
{%- endmacro %}
