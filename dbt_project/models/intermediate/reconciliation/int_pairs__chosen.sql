{{ config(materialized='table') }}

with pairs as (

    -- Several conversions may name one order: which of them keeps it is decided among claims.
    select *, 1 as rivals from {{ ref('int_pairs__named') }}
    union all
    select * from {{ ref('int_pairs__clicked') }}
    union all
    select * from {{ ref('int_pairs__priced') }}
    union all
    select * from {{ ref('int_pairs__identified') }}

),

linked as (

    select *, count(*) over (partition by order_key) as conversions from pairs

)

select
    conversion_key,
    order_key,
    match_pass,
    match_rule,
    match_score,
    match_evidence,
    case when conversions > 1 then 'n:1' else '1:1' end as link_kind,
    0 as ambiguous_candidates
from linked
where candidates = 1 and rivals = 1
union all
-- What fits several is matched with none of them.
select
    conversion_key,
    cast(null as varchar) as order_key,
    match_pass,
    match_rule,
    cast(null as decimal(3, 2)) as match_score,
    min(order_key) || case when min(order_key) < max(order_key) then ' or ' || max(order_key) else ' for several' end
        as match_evidence,
    case
        when max(candidates) > 1 and max(conversions) > 1 then 'n:m'
        when max(candidates) > 1 then '1:n'
        else 'n:1'
    end as link_kind,
    max(case when candidates > rivals then candidates else rivals end) as ambiguous_candidates
from linked
where candidates > 1 or rivals > 1
group by conversion_key, match_pass, match_rule
