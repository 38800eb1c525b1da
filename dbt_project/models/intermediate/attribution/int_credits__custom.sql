with ruled as (

    select
        paths.order_key,
        paths.touch_number,
        rules.attribution_model,
        rules.rule_number,
        rules.weight,
        rules.is_shared,
        row_number() over (
            partition by paths.order_key, rules.attribution_model, paths.touch_number
            order by rules.rule_number
        ) as choice
    from {{ ref('int_paths__built') }} as paths
    inner join {{ ref('custom_attribution_models') }} as rules
        on
            (rules.channel is null or paths.channel = rules.channel)
            and (
                rules.position is null
                or (rules.position = 'only' and paths.touch_count = 1)
                or (rules.position = 'first' and paths.touch_number = 1)
                or (rules.position = 'last' and paths.touch_number = paths.touch_count)
                or (rules.position = 'middle' and paths.touch_number > 1 and paths.touch_number < paths.touch_count)
            )

),

-- A shared weight is that of all touches of the rule together; multiplied so that every quotient is whole enough.
weighed as (

    select
        order_key,
        attribution_model,
        touch_number,
        {{ whole_quotient(
            'cast(weight * 1000000 as bigint)',
            'case when is_shared then count(*) over (partition by order_key, attribution_model, rule_number) else 1 end'
        ) }} as weight
    from ruled
    where choice = 1

),

totalled as (

    select
        order_key,
        attribution_model,
        touch_number,
        weight,
        cast(1000000 as bigint) as units,
        cast(sum(weight) over (partition by order_key, attribution_model) as bigint) as weights
    from weighed

),

counted as (

    select * from totalled
    where weights > 0

),

split as (

    {{ split_by_largest_remainder('counted', 'order_key, attribution_model') }}

)

select
    order_key,
    attribution_model,
    touch_number,
    {{ from_units('part', 6) }} as credit_fraction
from split
where part > 0
