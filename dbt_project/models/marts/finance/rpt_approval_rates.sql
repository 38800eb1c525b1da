{%- set least = var('approval_rate_min_records') -%}

-- Of what was still open at an age, how much ended approved: what was decided before that age says nothing about it.
with decided as (

    select network, decision, days_to_decision
    from {{ ref('int_conversions__decided') }}
    where decision in ('approved', 'declined')

),

networks as (

    select
        network,
        count(*) as network_decided_records,
        sum(case when decision = 'approved' then 1 else 0 end) as network_approved_records
    from decided
    group by network

),

buckets as (

    {% for bucket, first_day in ageing_buckets().items() -%}
    select '{{ bucket }}' as ageing_bucket, {{ first_day }} as first_day
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

counted as (

    select
        networks.network,
        buckets.ageing_bucket,
        networks.network_decided_records,
        networks.network_approved_records,
        sum(case when decided.days_to_decision >= buckets.first_day then 1 else 0 end) as decided_records,
        sum(case when decided.days_to_decision >= buckets.first_day and decided.decision = 'approved' then 1 else 0 end)
            as approved_records
    from networks
    cross join buckets
    inner join decided on networks.network = decided.network
    group by
        networks.network, buckets.ageing_bucket, networks.network_decided_records, networks.network_approved_records

)

select
    counted.network,
    counted.ageing_bucket,
    cast(counted.decided_records as bigint) as decided_records,
    cast(counted.approved_records as bigint) as approved_records,
    cast(counted.network_decided_records as bigint) as network_decided_records,
    cast(counted.network_approved_records as bigint) as network_approved_records,
    case
        when held.network is not null then null
        when counted.decided_records >= {{ least }} then {{ ratio('counted.approved_records', 'counted.decided_records') }}
        when counted.network_decided_records >= {{ least }}
            then {{ ratio('counted.network_approved_records', 'counted.network_decided_records') }}
    end as approval_rate,
    case
        when held.network is not null then null
        when counted.decided_records >= {{ least }} then 'age'
        when counted.network_decided_records >= {{ least }} then 'network'
    end as approval_rate_source,
    held.withheld_reason
from counted
left join {{ ref('int_networks__held') }} as held on counted.network = held.network
