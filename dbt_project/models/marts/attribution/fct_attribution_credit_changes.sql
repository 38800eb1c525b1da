with credits as (

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
        o.minor_unit_digits
    from {{ ref('fct_attribution_credits') }} as c
    inner join {{ ref('int_order_amounts__changed') }} as changes on c.order_key = changes.order_key
    inner join {{ ref('fct_orders') }} as o on c.order_key = o.order_key

),

sized_before as (

    select *, abs({{ minor_units('amount_before', 'minor_unit_digits') }}) as units from credits

),

split_before as (

    {{ split_by_largest_remainder('sized_before', 'order_key, attribution_model, change_number') }}

),

sized_after as (

    select *, abs({{ minor_units('amount_after', 'minor_unit_digits') }}) as units from credits

),

split_after as (

    {{ split_by_largest_remainder('sized_after', 'order_key, attribution_model, change_number') }}

),

parts as (

    select
        a.*,
        {{ from_minor_units('b.part', 'b.minor_unit_digits') }}
        * case when a.amount_before < 0 then -1 else 1 end as credited_before,
        {{ from_minor_units('a.part', 'a.minor_unit_digits') }}
        * case when a.amount_after < 0 then -1 else 1 end as credited_after
    from split_after as a
    inner join split_before as b on a.credit_key = b.credit_key and a.change_number = b.change_number

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
    {{ money('credited_before') }} as credited_revenue_before,
    {{ money('credited_after') }} as credited_revenue_after,
    {{ money('credited_after - credited_before') }} as credited_revenue_change,
    currency
from parts
