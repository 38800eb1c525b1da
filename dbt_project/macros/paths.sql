{# The earliest instant at which a touch of that channel counts for an order, exact to the second. #}
{% macro lookback_begins(ordered_at, channel) -%}
    {{ _by_lookback(ordered_at, channel, -1) }}
{%- endmacro %}


{# The latest instant at which an order counts for a touch of that channel, exact to the second. #}
{% macro lookback_ends(occurred_at, channel) -%}
    {{ _by_lookback(occurred_at, channel, 1) }}
{%- endmacro %}


{% macro _by_lookback(timestamp, channel, sign) -%}
    {%- set by_channel = var('lookback_days_by_channel') -%}
    {%- if not by_channel -%}
    {{ _seconds_on(timestamp, sign * var('lookback_days')) }}
    {%- else -%}
    case {{ channel }}
        {%- for name, days in by_channel.items() %}
        when '{{ name | lower }}' then {{ _seconds_on(timestamp, sign * days) }}
        {%- endfor %}
        else {{ _seconds_on(timestamp, sign * var('lookback_days')) }}
    end
    {%- endif -%}
{%- endmacro %}


{% macro _seconds_on(timestamp, days) -%}
    {{ dbt.dateadd('second', (days * 86400) | round | int, timestamp) }}
{%- endmacro %}


{# Whether a touch may earn credit: it is the first of its click, and its channel is not left out. #}
{% macro may_earn_credit(touch) -%}
    not {{ touch }}.is_repeat
    {%- if var('excluded_channels') %}
    and {{ touch }}.channel not in ('{{ var('excluded_channels') | join("', '") | lower }}')
    {%- endif %}
{%- endmacro %}


{# Common table expressions that end with `paths`: the touches of `relation` after all path_transforms, numbered. #}
{% macro paths_of(relation) -%}
{%- for transform in var('path_transforms') -%}
transformed_{{ loop.index }} as (

    {{ transformed_path(relation if loop.first else 'transformed_' ~ loop.index0, transform) }}

),

{% endfor -%}
paths as (

    select
        *,
        cast(row_number() over (partition by order_key order by touched_at, touchpoint_id) as integer) as touch_number,
        cast(count(*) over (partition by order_key) as integer) as touch_count
    from {% if var('path_transforms') %}transformed_{{ var('path_transforms') | length }}{% else %}{{ relation }}{% endif %}

)
{%- endmacro %}


{#
    A common table expression for one transform of paths, over rows with order_key, touched_at, touchpoint_id, channel and
    network. Touches are equal if channel and network are.

    exposure: of equal touches in a row, the first. first: of all equal touches of a path, the first. drop_direct: no
    direct ones, unless there is nothing else.
#}
{% macro transformed_path(relation, transform) -%}
    {%- if transform == 'exposure' -%}
    select * from (
        select
            *,
            lag(channel) over (partition by order_key order by touched_at, touchpoint_id) as channel_before,
            lag(coalesce(network, '')) over (partition by order_key order by touched_at, touchpoint_id) as network_before
        from {{ relation }}
    ) as steps
    where channel_before is null or channel_before <> channel or network_before <> coalesce(network, '')
    {%- elif transform == 'first' -%}
    select * from (
        select
            *,
            row_number() over (
                partition by order_key, channel, coalesce(network, '')
                order by touched_at, touchpoint_id
            ) as occurrence
        from {{ relation }}
    ) as steps
    where occurrence = 1
    {%- elif transform == 'drop_direct' -%}
    select * from (
        select
            *,
            max(case when channel <> 'direct' then 1 else 0 end) over (partition by order_key) as others
        from {{ relation }}
    ) as steps
    where channel <> 'direct' or others = 0
    {%- elif transform == 'unique' -%}
    select * from {{ relation }}
    {%- else -%}
    {%- do exceptions.raise_compiler_error(
        'vars: path_transforms: ' ~ transform ~ ' is unknown; known are unique, exposure, first, drop_direct.') -%}
    {%- endif -%}
{%- endmacro %}


{#
    The channels of each path in order of time, one row each: key, touch_count and path. Most paths are of one touch, which
    need no sorting.

    touches: rows with the key, touch_number, touch_count and channel.
#}
{% macro channel_sequences(touches, key) -%}
select
    {{ key }},
    touch_count,
    channel as path
from {{ touches }}
where touch_count = 1
union all
select
    {{ key }},
    touch_count,
    {{ dbt.listagg('channel', "' > '", 'order by touch_number') }} as path
from {{ touches }}
where touch_count > 1
group by {{ key }}, touch_count
{%- endmacro %}
