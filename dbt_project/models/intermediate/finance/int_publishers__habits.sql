{{ config(materialized='table') }}
{%- set least = var('outlier_min_records') %}

with conversions as (

    select
        network,
        account_id,
        publisher_id,
        decision,
        case when clicked_at <= occurred_at then {{ dbt.datediff('clicked_at', 'occurred_at', 'second') }} end
            as seconds_from_click
    from {{ ref('int_conversions__decided') }}
    where row_kind = 'original' and publisher_id is not null

),

publishers as (

    select
        network,
        account_id,
        publisher_id,
        sum(case when decision in ('approved', 'declined') then 1 else 0 end) as decided_records,
        sum(case when decision = 'declined' then 1 else 0 end) as declined_records,
        count(seconds_from_click) as clicked_records,
        {{ percentile('seconds_from_click', 0.5) }} as median_seconds
    from conversions
    group by network, account_id, publisher_id

),

-- A publisher is measured against the others, or a large one would be its own yardstick.
beside as (

    select
        *,
        sum(decided_records) over (partition by network, account_id) - decided_records as others_decided_records,
        sum(declined_records) over (partition by network, account_id) - declined_records as others_declined_records,
        -- Times are far from even: their order of magnitude is compared.
        case when clicked_records >= {{ least }} then cast(ln(1 + median_seconds) as decimal(18, 6)) end as log_median
    from publishers

),

middles as (

    select network, account_id, count(log_median) as measured_publishers, {{ percentile('log_median', 0.5) }} as middle
    from beside
    group by network, account_id

),

spreads as (

    select
        beside.network,
        beside.account_id,
        {{ percentile('abs(beside.log_median - middles.middle)', 0.5) }} as spread
    from beside
    inner join middles on beside.network = middles.network and beside.account_id = middles.account_id
    group by beside.network, beside.account_id

)

select
    beside.network,
    beside.account_id,
    beside.publisher_id,
    cast(beside.decided_records as bigint) as decided_records,
    cast(beside.declined_records as bigint) as declined_records,
    {{ ratio('beside.declined_records', 'beside.decided_records') }} as declined_share,
    {{ wilson_bound('beside.declined_records', 'beside.decided_records', '-') }} as declined_share_at_least,
    {{ wilson_bound('beside.declined_records', 'beside.decided_records', '+') }} as declined_share_at_most,
    cast(beside.others_decided_records as bigint) as others_decided_records,
    {{ ratio('beside.others_declined_records', 'beside.others_decided_records') }} as others_declined_share,
    {{ wilson_bound('beside.others_declined_records', 'beside.others_decided_records', '+') }}
        as others_declined_share_at_most,
    cast(beside.clicked_records as bigint) as clicked_records,
    cast(beside.median_seconds as bigint) as median_seconds,
    cast(middles.measured_publishers as bigint) as measured_publishers,
    -- 0.6745 makes the median of distances comparable with a standard deviation.
    case
        when spreads.spread > 0
            then {{ ratio('cast(0.6745 as decimal(7, 6)) * (beside.log_median - middles.middle)', 'spreads.spread') }}
    end as click_time_z
from beside
inner join middles on beside.network = middles.network and beside.account_id = middles.account_id
inner join spreads on beside.network = spreads.network and beside.account_id = spreads.account_id
