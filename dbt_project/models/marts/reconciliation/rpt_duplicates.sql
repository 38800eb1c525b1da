-- Every live claim on a known order, with the rule it lost by, if any; the money of a held network is not told.
with claims as (

    select
        c.network,
        c.account_id,
        c.is_withheld,
        c.sale_currency,
        c.publisher_commission_currency as commission_currency,
        {{ month_of('c.occurred_at') }} as sale_month,
        case when ranked.claim_rank > 1 then ranked.duplicate_kind end as duplicate_kind,
        case when ranked.claim_rank > 1 then ranked.lost_by_rule end as lost_by_rule,
        case when not c.is_withheld then c.sale_amount end as sale_amount,
        case when not c.is_withheld then c.publisher_commission end as publisher_commission
    from {{ ref('int_claims__ranked') }} as ranked
    inner join {{ ref('fct_conversions') }} as c on ranked.conversion_key = c.conversion_key
    where ranked.is_claim

),

before as (

    select
        network,
        account_id,
        sale_currency,
        commission_currency,
        sale_month,
        count(*) as claims,
        sum(sale_amount) as sale_amount,
        sum(publisher_commission) as publisher_commission,
        sum(case when duplicate_kind is not null then 1 else 0 end) as duplicates,
        sum(case when duplicate_kind is not null then sale_amount end) as duplicate_amount,
        sum(case when duplicate_kind is not null then publisher_commission end) as duplicate_commission
    from claims
    group by network, account_id, sale_currency, commission_currency, sale_month

),

by_rule as (

    select
        network,
        account_id,
        sale_currency,
        commission_currency,
        sale_month,
        duplicate_kind,
        lost_by_rule,
        count(*) as duplicates,
        sum(sale_amount) as duplicate_amount,
        sum(publisher_commission) as duplicate_commission
    from claims
    where duplicate_kind is not null
    group by network, account_id, sale_currency, commission_currency, sale_month, duplicate_kind, lost_by_rule

),

-- One line for all rules together stands also where nothing is claimed twice, so that a rate of zero is told.
rules as (

    select
        network,
        account_id,
        sale_currency,
        commission_currency,
        sale_month,
        'all' as duplicate_kind,
        'all' as lost_by_rule,
        duplicates,
        duplicate_amount,
        duplicate_commission
    from before
    union all
    select * from by_rule

)

select
    rules.network,
    rules.account_id,
    rules.sale_month,
    rules.sale_currency,
    rules.commission_currency,
    rules.duplicate_kind,
    rules.lost_by_rule,
    cast(before.claims as bigint) as claims_before,
    cast(rules.duplicates as bigint) as duplicates,
    cast(before.claims - rules.duplicates as bigint) as claims_after,
    {{ ratio('rules.duplicates', 'before.claims') }} as duplicate_rate,
    {{ money('before.sale_amount') }} as claimed_amount_before,
    {{ money('rules.duplicate_amount') }} as duplicate_amount,
    {{ money('before.sale_amount - coalesce(rules.duplicate_amount, 0)') }} as claimed_amount_after,
    {{ money('before.publisher_commission') }} as claimed_commission_before,
    {{ money('rules.duplicate_commission') }} as duplicate_commission,
    {{ money('before.publisher_commission - coalesce(rules.duplicate_commission, 0)') }} as claimed_commission_after
from rules
inner join before
    on
        rules.network = before.network
        and rules.account_id = before.account_id
        and coalesce(rules.sale_currency, '') = coalesce(before.sale_currency, '')
        and coalesce(rules.commission_currency, '') = coalesce(before.commission_currency, '')
        and coalesce(rules.sale_month, cast('0001-01-01' as date)) = coalesce(before.sale_month, cast('0001-01-01' as date))
