{{ config(materialized='table') }}

-- When the network was first seen to have decided. A row that came decided was decided at a time that nobody saw.
with moves as (

    select
        conversion_key,
        min(case when version_number > 1 and status in ('approved', 'reversed', 'deleted') then event_at end)
            as seen_decided_at,
        max(case
            when version_number = 1 and row_kind in ('original', 'bonus') and status in ('approved', 'reversed', 'deleted')
                then 1
            else 0
        end) as came_decided
    from {{ ref('int_conversion_events__unioned') }}
    group by conversion_key

),

conversions as (

    select
        c.conversion_key,
        c.network,
        c.account_id,
        c.publisher_id,
        c.occurred_at,
        c.clicked_at,
        c.row_kind,
        case
            when {{ is_void('c') }} then 'declined'
            when c.status = 'approved' then 'approved'
            when c.status = 'pending' then 'pending'
        end as decision,
        case
            when {{ is_void('c') }} or c.status = 'approved'
                then coalesce(
                    -- A date to come was announced; it is decided since it was seen.
                    case when c.status_effective_at <= brand.as_of then c.status_effective_at end,
                    case when moves.came_decided = 0 then moves.seen_decided_at end
                )
        end as known_decided_at,
        brand.as_of
    from {{ ref('int_conversions__keyed') }} as c
    cross join {{ source('config', 'brand') }} as brand
    left join moves on c.conversion_key = moves.conversion_key
    where c.row_kind <> 'test'

)

select
    conversion_key,
    network,
    account_id,
    publisher_id,
    row_kind,
    occurred_at,
    clicked_at,
    decision,
    known_decided_at,
    cast(case
        when known_decided_at < occurred_at then 0
        else {{ dbt.datediff('occurred_at', 'known_decided_at', 'day') }}
    end as integer) as days_to_decision,
    cast({{ dbt.datediff('occurred_at', 'as_of', 'day') }} as integer) as days_since_sale,
    cast({{ dbt.datediff('known_decided_at', 'as_of', 'day') }} as integer) as days_since_decision
from conversions
