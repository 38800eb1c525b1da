{{ config(materialized='table') }}

with {{ unpaired() }},

{{ landings() }},

touches as (

    select network, click_id, occurred_at, resolved_customer_hash
    from landings
    where resolved_customer_hash is not null

),

-- Where a sale does not tell its click, the network's own log may: same account, publisher and instant, and no other.
logged as (

    select s.conversion_key, s.network, min(k.click_id) as click_id
    from sales as s
    inner join {{ ref('int_clicks__unioned') }} as k
        on
            s.network = k.network
            and s.account_id = k.account_id
            and s.publisher_id = k.publisher_id
            and s.clicked_at = k.clicked_at
    where s.click_id is null
    group by s.conversion_key, s.network
    having min(k.click_id) = max(k.click_id)

),

told as (

    select conversion_key, network, click_id from sales
    where click_id is not null
    union all
    select conversion_key, network, click_id from logged

),

clicked as (

    {{ in_spans('unshown', 'clicked_at', 'thresholds.click_within_seconds', neighbours=true) }}

),

seen as (

    {{ in_spans('touches', 'occurred_at', 'thresholds.click_within_seconds') }}

),

landed as (

    select
        told.conversion_key,
        t.resolved_customer_hash,
        t.occurred_at,
        'click_id' as match_rule,
        cast(0.95 as decimal(3, 2)) as match_score
    from told
    inner join touches as t on told.network = t.network and told.click_id = t.click_id
    union all
    select
        c.conversion_key,
        t.resolved_customer_hash,
        t.occurred_at,
        'click_time' as match_rule,
        cast(0.85 as decimal(3, 2)) as match_score
    from clicked as c
    inner join seen as t on c.network = t.network and c.span = t.span
    cross join thresholds
    where abs({{ dbt.datediff('c.clicked_at', 't.occurred_at', 'second') }}) <= thresholds.click_within_seconds

),

by_click as (

    select
        landed.conversion_key,
        o.order_key,
        landed.match_rule,
        landed.match_score,
        'landed ' || cast(min(landed.occurred_at) as varchar) as match_evidence
    from landed
    inner join orders as o
        on landed.resolved_customer_hash = o.customer_hash and landed.occurred_at <= o.ordered_at
    group by landed.conversion_key, o.order_key, landed.match_rule, landed.match_score

),

owners as (

    select distinct {{ voucher_word('code') }} as code, network, publisher_id
    from {{ source('config', 'voucher_owners') }}

),

used_once as (

    select {{ voucher_word('voucher_code') }} as code
    from {{ ref('int_orders__keyed') }}
    group by {{ voucher_word('voucher_code') }}
    having count(*) = 1

),

-- A voucher speaks for a publisher if it was given to nobody else, or if nobody else ever used it.
by_voucher as (

    select
        s.conversion_key,
        o.order_key,
        'voucher' as match_rule,
        cast(0.80 as decimal(3, 2)) as match_score,
        s.voucher_code || case when owners.code is not null then ' is the publisher''s' else ' was used once' end
            as match_evidence
    from sales as s
    inner join orders as o on s.voucher_code = o.voucher_code
    left join owners
        on s.voucher_code = owners.code and s.network = owners.network and s.publisher_id = owners.publisher_id
    left join used_once on s.voucher_code = used_once.code
    where owners.code is not null or used_once.code is not null

),

pairs as (

    select * from by_click
    union all
    select * from by_voucher

),

near as (

    select pairs.*
    from pairs
    inner join sales as s on pairs.conversion_key = s.conversion_key
    inner join orders as o on pairs.order_key = o.order_key
    cross join thresholds
    where
        abs({{ dbt.datediff('s.occurred_at', 'o.ordered_at', 'second') }}) <= 60 * thresholds.inferred_within_minutes

)

{{ best_pairs('near', 3) }}
