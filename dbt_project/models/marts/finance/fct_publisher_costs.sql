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
        c.fee_source is null as is_fee_unknown,
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
        false,
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
        sum(case when changes.is_fee_unknown then 1 else 0 end) as changes_without_fee,
        sum(case when held.network is null then changes.commission_change end) as commission_change,
        sum(case when held.network is null then changes.fee_change end) as fee_change,
        sum(case when held.network is null then changes.fixed_fee_change end) as fixed_fee_change
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
    {{ money('commission_change') }} as commission_change,
    case when changes_without_fee = 0 then {{ money('fee_change') }} end as network_fee_change,
    {{ money('fixed_fee_change') }} as fixed_fee_change,
    case when changes_without_fee = 0 then {{ money('commission_change + fee_change + fixed_fee_change') }} end
        as cost_change
from told
