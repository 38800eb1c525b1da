with credited as (

    select
        o.order_key,
        c.attribution_model,
        c.touch_number,
        c.credit_fraction,
        o.amount,
        o.minor_unit_digits,
        o.units,
        cast(c.credit_fraction * 1000000 as bigint) as weight,
        cast(1000000 as bigint) as weights
    from {{ ref('int_paths__of_orders') }} as o
    inner join {{ ref('int_credits__custom') }} as c on o.path_number = c.path_number

),

{{ split_by_largest_remainder('credited', 'order_key, attribution_model', {'part': ['units', 'weight', 'weights']}) }}

select
    order_key,
    attribution_model,
    touch_number,
    credit_fraction,
    {{ signed_from_minor_units('part', 'minor_unit_digits', 'amount') }} as credited_revenue
from split

union all

select
    o.order_key,
    models.attribution_model,
    cast(0 as integer) as touch_number,
    {{ money('1') }} as credit_fraction,
    o.amount as credited_revenue
from {{ ref('int_paths__of_orders') }} as o
cross join (select distinct attribution_model from {{ ref('custom_attribution_models') }}) as models
left join (select distinct path_number, attribution_model from {{ ref('int_credits__custom') }}) as credits
    on o.path_number = credits.path_number and models.attribution_model = credits.attribution_model
where credits.path_number is null
