{{ config(materialized='table') }}

with {{ unpaired([ref('int_pairs__clicked')]) }},

placed as (

    {{ in_spans('sales', 'occurred_at', '60 * thresholds.inferred_within_minutes', neighbours=true) }}

),

told as (

    select conversion_key, span, sale_currency as currency, sale_amount as amount from placed
    union
    select conversion_key, span, tracked_currency as currency, tracked_amount as amount from placed

),

sale_amounts as (

    select distinct
        told.conversion_key,
        told.span,
        told.currency,
        {{ minor_units('told.amount', 'currencies.minor_unit_digits') }} as units
    from told
    left join {{ ref('currencies') }} as currencies on told.currency = currencies.currency
    where told.amount > 0

),

timed as (

    {{ in_spans('orders', 'ordered_at', '60 * thresholds.inferred_within_minutes') }}

),

-- What the tag may have sent when the order was placed, and what is left of it after refunds.
order_amounts as (

    select order_key, span, currency, ordered_units as units from timed
    union
    select order_key, span, currency, commissionable_units as units from timed

),

equal as (

    select distinct sale_amounts.conversion_key, order_amounts.order_key
    from sale_amounts
    inner join order_amounts
        on
            sale_amounts.currency = order_amounts.currency
            and sale_amounts.units = order_amounts.units
            and sale_amounts.span = order_amounts.span

),

near as (

    select
        s.conversion_key,
        o.order_key,
        case when o.clicked_network is null then 'amount_alone' else 'amount_and_network' end as match_rule,
        cast(case when o.clicked_network is null then 0.55 else 0.75 end as decimal(3, 2)) as match_score,
        'the same amount '
        || cast(abs({{ dbt.datediff('s.occurred_at', 'o.ordered_at', 'second') }}) as varchar)
        || ' seconds apart'
        || case when o.clicked_network is null then '' else ', after a click of the network' end as match_evidence
    from equal
    inner join sales as s on equal.conversion_key = s.conversion_key
    inner join orders as o on equal.order_key = o.order_key
    cross join thresholds
    where
        abs({{ dbt.datediff('s.occurred_at', 'o.ordered_at', 'second') }}) <= 60 * thresholds.inferred_within_minutes
        and {{ no_other_click() }}

)

{{ best_pairs('near', 4) }}
