{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'stg_impact__conversion_events'}}}) }}
-- depends_on: {{ ref('stg_impact__conversion_events') }}

-- The changes in impact.com's log add up to an action's amount. Left out are actions older than the log that was read,
-- and those that the log knows of later than the action: the next night reads these again.
with actions as (

    {{ current_version(source('valid_impact', 'actions')) }}

),

updates as (

    {{ current_version(source('valid_impact', 'action_updates')) }}

),

logs as (

    select _account_id, min(update_date) as begins_at from updates group by _account_id

),

sums as (

    select
        _account_id,
        action_id,
        max(update_date) as updated_at,
        sum(delta_amount) as amount,
        sum(delta_payout) as payout
    from updates
    group by _account_id, action_id

)

select
    a._account_id as account_id,
    a.id as action_id,
    a.currency,
    a.amount - coalesce(sums.amount, 0) as amount_difference,
    a.payout - coalesce(sums.payout, 0) as payout_difference
from actions as a
inner join logs on a._account_id = logs._account_id
left join sums on a._account_id = sums._account_id and a.id = sums.action_id
where a.creation_date >= logs.begins_at
    and (sums.updated_at is null or sums.updated_at <= a._observed_at)
    and (a.amount <> coalesce(sums.amount, 0) or a.payout <> coalesce(sums.payout, 0))
