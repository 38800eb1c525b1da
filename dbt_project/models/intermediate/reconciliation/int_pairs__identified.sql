{{ config(materialized='table') }}

with {{ unpaired([ref('int_pairs__clicked'), ref('int_pairs__priced')]) }},

-- Networks tell no customer: it is the one whose browser landed when the network saw the click, if it is one alone.
customers as (

    select
        s.conversion_key,
        min(t.resolved_customer_hash) as customer_hash,
        min(t.occurred_at) as landed_at
    from sales as s
    inner join {{ ref('int_touchpoints__identified') }} as t on s.network = t.network
    cross join thresholds
    where
        t.channel = 'affiliate'
        and t.click_id is not null
        and not t.is_repeat
        and abs({{ dbt.datediff('s.clicked_at', 't.occurred_at', 'second') }}) <= thresholds.click_within_seconds
    group by s.conversion_key
    having
        min(t.resolved_customer_hash) = max(t.resolved_customer_hash)
        and count(*) = count(t.resolved_customer_hash)

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
