{{ config(materialized='table') }}
{%- set configured = var('validation_days') %}

with conversions as (

    select
        c.conversion_key,
        c.network,
        c.account_id,
        c.publisher_id,
        c.occurred_at,
        c.raw_status,
        c.locks_at,
        {% if configured -%}
        case c.network
            {% for network, days in configured.items() -%}
            when '{{ network }}' then {{ days }}
            {% endfor -%}
        end
        {%- else -%}
        cast(null as integer)
        {%- endif %} as configured_days,
        -- What has no state counts as open, what is decided locks no more.
        c.lock_state <> 'locked' and not {{ is_void('c') }}
        and coalesce(c.status, 'pending') in ('pending', 'untracked_status') as is_undecided,
        told.network is not null as is_told,
        told.statement as told_statement
    from {{ ref('int_conversions__keyed') }} as c
    left join {{ ref('lock_rules') }} as told on c.network = told.network and told.rule = 'told'

),

-- Of several programmes in one account, the shortest period is the safe one.
programmes as (

    select network, account_id, min(validation_days) as validation_days
    from {{ ref('int_programmes__unioned') }}
    where validation_days is not null
    group by network, account_id

),

agreed as (

    select conversion_key, term_id, validation_days
    from (
        select
            c.conversion_key,
            t.term_id,
            t.validation_days,
            row_number() over (
                partition by c.conversion_key
                order by
                    case when t.publisher_id is not null then 1 when t.partner_group is not null then 2 else 3 end,
                    case when t.account_id is null then 1 else 0 end,
                    t.validation_days,
                    t.term_id
            ) as term_rank
        from conversions as c
        inner join {{ ref('int_terms__known') }} as t
            on
                c.network = t.network
                and coalesce(t.account_id, c.account_id) = c.account_id
                and (t.publisher_id is null or t.publisher_id = c.publisher_id)
        left join {{ ref('int_conversions__partner_groups') }} as groups
            on c.conversion_key = groups.conversion_key and lower(t.partner_group) = groups.partner_group
        where
            t.is_known
            and not t.is_membership
            and (t.partner_group is null or groups.conversion_key is not null)
            and t.validation_days is not null
            and c.occurred_at >= t.valid_from_at
            and (t.valid_to_at is null or c.occurred_at < t.valid_to_at)
            and c.is_undecided
    ) as ranked
    where term_rank = 1

),

ruled as (

    select
        c.conversion_key,
        c.is_undecided,
        case when c.is_told or c.configured_days is null then c.locks_at end as told_at,
        c.told_statement,
        {{ days_in_brand_zone('c.occurred_at', 'programmes.validation_days') }} as programme_at,
        programmes.validation_days as programme_days,
        {{ days_in_brand_zone('c.occurred_at', 'agreed.validation_days') }} as agreed_at,
        agreed.term_id,
        agreed.validation_days as agreed_days,
        -- Staging says which rows the configured period is about.
        case when c.locks_at is not null then {{ days_in_brand_zone('c.occurred_at', 'c.configured_days') }} end
            as configured_at,
        calendar.statement as calendar_statement,
        {{ wall_clock_to_utc(
            dbt.dateadd(
                'hour', 'calendar.hour_of_day',
                dbt.dateadd(
                    'day', 'calendar.day_of_month - 1',
                    dbt.dateadd(
                        'month',
                        'calendar.months_after + case when c.raw_status = calendar.put_off_word then 1 else 0 end',
                        'cast(' ~ month_in_zone('c.occurred_at', 'calendar.sale_zone') ~ ' as timestamp)'
                    )
                )
            ),
            'calendar.deadline_zone'
        ) }} as calendar_at,
        resting.statement as resting_statement
    from conversions as c
    cross join {{ source('config', 'brand') }} as brand
    left join programmes on c.network = programmes.network and c.account_id = programmes.account_id
    left join agreed on c.conversion_key = agreed.conversion_key
    left join {{ ref('lock_rules') }} as calendar on c.network = calendar.network and calendar.rule = 'day_of_month'
    left join {{ ref('lock_rules') }} as resting
        on c.network = resting.network and resting.rule in ('validation_period', 'never')

),

decided as (

    select
        *,
        case
            when told_at is not null then 'network'
            when configured_at is not null and not is_undecided then 'configuration'
            when not is_undecided then null
            when programme_at is not null then 'programme'
            when agreed_at is not null then 'terms'
            when configured_at is not null then 'configuration'
            when calendar_at is not null then 'calendar'
        end as locks_at_source
    from ruled

)

select
    conversion_key,
    case locks_at_source
        when 'network' then told_at
        when 'programme' then programme_at
        when 'terms' then agreed_at
        when 'configuration' then configured_at
        when 'calendar' then calendar_at
    end as locks_at,
    locks_at_source,
    case locks_at_source
        when 'network' then coalesce(told_statement, 'The date that the network tells')
        when 'programme' then 'Validation period that the programme tells: ' || cast(programme_days as varchar) || ' days'
        when 'terms'
            then 'Validation period of term ' || term_id || ': ' || cast(agreed_days as varchar) || ' days'
        when 'configuration' then 'Validation period of the configuration'
        when 'calendar' then calendar_statement
        else resting_statement
    end as lock_statement
from decided
