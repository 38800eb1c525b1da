with changes as (

    select
        c.network,
        c.account_id,
        c.publisher_id,
        c.commission_currency as cost_currency,
        cast({{ wall_clock('c.occurred_at', 'brand.time_zone') }} as date) as cost_date,
        {{ utc_date('c.observed_at') }} as known_date,
        c.conversion_key,
        c.commission_change,
        c.fee_change,
        c.cost_change,
        {{ money('0') }} as fixed_fee_change
    from {{ ref('int_conversions__cost_changes') }} as c
    cross join {{ source('config', 'brand') }} as brand

    union all

    select
        network,
        account_id,
        publisher_id,
        term_currency,
        due_date,
        known_date,
        cast(null as varchar),
        {{ money('0') }},
        {{ money('0') }},
        fixed_fee_change,
        fixed_fee_change
    from {{ ref('int_publishers__fixed_fees') }}

),

-- Nothing of a held network is summed; that its changes are there is told all the same.
told as (

    select
        changes.network,
        changes.account_id,
        changes.publisher_id,
        changes.cost_currency,
        changes.cost_date,
        changes.known_date,
        held.withheld_reason,
        count(distinct changes.conversion_key) as changed_conversions,
        count(distinct case when changes.cost_change is null then changes.conversion_key end) as fee_unknown_conversions,
        count(case when changes.conversion_key is not null then changes.cost_change end) as changes_with_fee,
        sum(case when held.network is null then changes.commission_change end) as commission_change,
        sum(case when held.network is null then changes.fee_change end) as fee_change,
        sum(case when held.network is null then changes.fixed_fee_change end) as fixed_fee_change,
        sum(case when held.network is null then changes.cost_change end) as cost_change
    from changes
    left join {{ ref('int_networks__held') }} as held on changes.network = held.network
    group by
        changes.network, changes.account_id, changes.publisher_id, changes.cost_currency, changes.cost_date,
        changes.known_date, held.withheld_reason

)

select
    network,
    account_id,
    publisher_id,
    cost_currency,
    cost_date,
    known_date,
    withheld_reason,
    cast(changed_conversions as bigint) as changed_conversions,
    cast(fee_unknown_conversions as bigint) as fee_unknown_conversions,
    {{ money('commission_change') }} as commission_change,
    case when changed_conversions = 0 or changes_with_fee > 0 then {{ money('fee_change') }} end as network_fee_change,
    {{ money('fixed_fee_change') }} as fixed_fee_change,
    {{ money('cost_change') }} as cost_change
from told
