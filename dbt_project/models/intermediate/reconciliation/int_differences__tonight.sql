{{ config(materialized='table') }}
{%- set columns = difference_columns() %}

with tonight as (

    select night_number, night_at
    from {{ ref('int_nights__known') }}
    where is_tonight

),

last_notes as (

    select *
    from (
        select
            notes.*,
            row_number() over (partition by notes.diff_key order by notes.night_number desc) as recency
        from {{ source('ops', 'difference_nights') }} as notes
    ) as ranked
    where recency = 1

),

compared as (

    select
        coalesce(d.diff_key, last_notes.diff_key) as diff_key,
        last_notes.event as last_event,
        {% for column in columns -%}
        d.{{ column }} as found_{{ column }},
        last_notes.{{ column }} as noted_{{ column }},
        {% endfor -%}
        case
            -- Nobody can tell: what a held network says is not whole, and what is not compared yet does not agree.
            when d.is_withheld or held.network is not null or d.class = 'not_yet_comparable' then 'unknown'
            -- A record that is gone differs from nothing.
            when d.diff_key is null or d.class in ('matched', 'not_affiliate') then 'agrees'
            else 'differs'
        end as standing
    from {{ ref('fct_reconciliation_diffs') }} as d
    full outer join last_notes on d.diff_key = last_notes.diff_key
    left join {{ ref('int_networks__held') }} as held on last_notes.network = held.network
    where last_notes.diff_key is not null or d.class not in ('matched', 'not_affiliate')

),

judged as (

    select
        *,
        case
            when standing = 'differs' and last_event is null then 'opened'
            when standing = 'differs' and last_event = 'closed' then 'reopened'
            when standing = 'differs' and (
                {%- for column in columns %}
                found_{{ column }} is distinct from noted_{{ column }}{{ ' or' if not loop.last }}
                {%- endfor %}
            ) then 'changed'
            when standing = 'differs' and last_event = 'suspended' then 'resumed'
            when standing = 'agrees' and last_event <> 'closed' then 'closed'
            when standing = 'unknown' and last_event not in ('closed', 'suspended') then 'suspended'
        end as event
    from compared

)

select
    tonight.night_number,
    tonight.night_at,
    judged.diff_key,
    judged.event,
    {% for column in columns -%}
    case when judged.event in ('closed', 'suspended') then judged.noted_{{ column }} else judged.found_{{ column }} end
        as {{ column }},
    {% endfor -%}
    case when judged.event = 'closed' then judged.found_class end as became_class,
    case when judged.event = 'closed' then judged.found_reason end as became_reason
from judged
cross join tonight
where judged.event is not null
