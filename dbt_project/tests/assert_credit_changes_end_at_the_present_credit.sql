{{ config(meta={'dagster': {'ref': {'name': 'fct_attribution_credit_changes'}}}) }}

with changes as (

    select
        *,
        row_number() over (partition by credit_key order by change_number desc) as recency,
        lag(credited_revenue_after) over (partition by credit_key order by change_number) as after_before
    from {{ ref('fct_attribution_credit_changes') }}

)

select changes.credit_change_key, changes.credited_revenue_after, credits.credited_revenue
from changes
inner join {{ ref('fct_attribution_credits') }} as credits
    on changes.order_key = credits.order_key and changes.credit_key = credits.credit_key
where
    (changes.recency = 1 and changes.credited_revenue_after <> credits.credited_revenue)
    or changes.credited_revenue_before <> coalesce(changes.after_before, changes.credited_revenue_before)
    or changes.credited_revenue_change <> changes.credited_revenue_after - changes.credited_revenue_before
