with ruled as (

    select
        steps.path_number,
        steps.touch_number,
        rules.attribution_model,
        rules.rule_number,
        rules.weight,
        rules.is_shared,
        row_number() over (
            partition by steps.path_number, rules.attribution_model, steps.touch_number
            order by rules.rule_number
        ) as choice
    from {{ ref('int_paths__steps') }} as steps
    inner join {{ ref('custom_attribution_models') }} as rules
        on
            (rules.channel is null or steps.channel = lower(rules.channel))
            and (
                rules.position is null
                or (rules.position = 'only' and steps.touch_count = 1)
                or (rules.position = 'first' and steps.touch_number = 1)
                or (rules.position = 'last' and steps.touch_number = steps.touch_count)
                or (rules.position = 'middle' and steps.touch_number > 1 and steps.touch_number < steps.touch_count)
            )

),

-- A shared weight is that of all touches of the rule together; multiplied so that every quotient is whole enough.
weighed_by_rule as (

    select
        path_number,
        attribution_model,
        touch_number,
        {{ whole_quotient(
            'cast(weight * 1000000 as bigint)',
            'case when is_shared then count(*) over (partition by path_number, attribution_model, rule_number) else 1 end'
        ) }} as weight
    from ruled
    where choice = 1

),

{{ credits_by_weight('weighed_by_rule', 'path_number, attribution_model') }}
