{{ config(materialized='table') }}

with {{ unpaired([ref('int_pairs__clicked'), ref('int_pairs__priced')]) }},

{{ landings() }},

clicked as (

    {{ in_spans('unshown', 'clicked_at', 'thresholds.click_within_seconds', neighbours=true) }}

),

seen as (

    {{ in_spans('landings', 'occurred_at', 'thresholds.click_within_seconds') }}

),

landed as (

    select s.conversion_key, t.resolved_customer_hash, t.occurred_at
    from sales as s
    inner join landings as t on s.network = t.network and s.click_id = t.click_id
    union all
    select c.conversion_key, t.resolved_customer_hash, t.occurred_at
    from clicked as c
    inner join seen as t on c.network = t.network and c.span = t.span
    cross join thresholds
    where abs({{ dbt.datediff('c.clicked_at', 't.occurred_at', 'second') }}) <= thresholds.click_within_seconds

),

-- Networks tell no customer: it is the one whose browser landed by the click, if it is one alone.
customers as (

    select
        conversion_key,
        min(resolved_customer_hash) as customer_hash,
        min(occurred_at) as landed_at
    from landed
    group by conversion_key
    having
        min(resolved_customer_hash) = max(resolved_customer_hash)
        and count(*) = count(resolved_customer_hash)

),

near as (

    select
        s.conversion_key,
        o.order_key,
        'customer' as match_rule,
        cast(0.70 as decimal(3, 2)) as match_score,
        'the customer who landed ' || cast(customers.landed_at as varchar) as match_evidence
    from customers
    inner join sales as s on customers.conversion_key = s.conversion_key
    inner join orders as o on customers.customer_hash = o.customer_hash and customers.landed_at <= o.ordered_at
    cross join thresholds
    where
        abs({{ dbt.datediff('s.occurred_at', 'o.ordered_at', 'second') }}) <= thresholds.named_within_days * 86400
        and {{ no_other_click() }}
        -- Another currency speaks against it too.
        and o.currency in (coalesce(s.sale_currency, o.currency), s.tracked_currency)

)

{{ best_pairs('near', 5) }}
