-- What each amount of an order gave to its touches as they are credited today.
with changed as (

    select distinct order_key from {{ ref('int_order_amounts__changed') }}

),

touches as (

    select t.*
    from {{ ref('fct_attribution_touches') }} as t
    inner join changed on t.order_key = changed.order_key

),

own as (

    select c.*
    from {{ ref('fct_attribution_custom_credits') }} as c
    inner join changed on c.order_key = changed.order_key

),

lines as (

    {{ credit_lines('touches', 'own') }}

),

credits as (

    select
        c.credit_key,
        c.order_key,
        c.attribution_model,
        coalesce(c.touch_number, 0) as touch_number,
        c.channel,
        c.network,
        c.publisher_id,
        c.currency,
        cast(c.credit_fraction * 1000000 as bigint) as weight,
        cast(1000000 as bigint) as weights,
        changes.change_number,
        changes.changed_at,
        changes.observed_at,
        changes.amount_before,
        changes.amount_after,
        o.minor_unit_digits,
        abs({{ minor_units('changes.amount_before', 'o.minor_unit_digits') }}) as units_before,
        abs({{ minor_units('changes.amount_after', 'o.minor_unit_digits') }}) as units_after
    from lines as c
    inner join {{ ref('int_order_amounts__changed') }} as changes on c.order_key = changes.order_key
    inner join {{ ref('fct_orders') }} as o on c.order_key = o.order_key

),

{{ split_by_largest_remainder('credits', 'order_key, attribution_model, change_number', {
    'part_before': ['units_before', 'weight', 'weights'],
    'part_after': ['units_after', 'weight', 'weights'],
}) }},

parts as (

    select
        *,
        {{ signed_from_minor_units('part_before', 'minor_unit_digits', 'amount_before') }} as credited_revenue_before,
        {{ signed_from_minor_units('part_after', 'minor_unit_digits', 'amount_after') }} as credited_revenue_after
    from split

)

select
    credit_key || ':' || cast(change_number as varchar) as credit_change_key,
    credit_key,
    order_key,
    attribution_model,
    change_number,
    changed_at,
    observed_at,
    channel,
    network,
    publisher_id,
    credited_revenue_before,
    credited_revenue_after,
    {{ money('credited_revenue_after - credited_revenue_before') }} as credited_revenue_change,
    currency
from parts
