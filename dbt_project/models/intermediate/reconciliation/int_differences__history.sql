{{ config(materialized='table') }}
{%- set columns = ['diff_key', 'event'] + difference_columns() + ['became_class', 'became_reason'] %}

with events as (

    select
        notes.night_number,
        nights.night_at,
        {% for column in columns -%}
        notes.{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ source('ops', 'difference_nights') }} as notes
    inner join {{ ref('int_nights__known') }} as nights on notes.night_number = nights.night_number
    where not nights.is_tonight

    union all

    select
        tonight.night_number,
        nights.night_at,
        {% for column in columns -%}
        tonight.{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_differences__tonight') }} as tonight
    inner join {{ ref('int_nights__known') }} as nights on tonight.night_number = nights.night_number
    where nights.is_tonight

),

followed as (

    select
        *,
        sum(case when event in ('opened', 'reopened') then 1 else 0 end) over (
            partition by diff_key order by night_number
            rows between unbounded preceding and current row
        ) as life_number,
        lead(night_number) over (partition by diff_key order by night_number) as next_night_number
    from events

),

latest as (

    select max(night_at) as night_at
    from {{ ref('int_nights__known') }}

)

select
    followed.night_number,
    followed.night_at,
    {% for column in columns -%}
    followed.{{ column }},
    {% endfor -%}
    cast(followed.life_number as integer) as life_number,
    followed.next_night_number is null as is_last_event,
    case
        when followed.event in ('closed', 'suspended') then null
        when followed.next_night_number is null then latest.night_at
        else next_nights.previous_night_at
    end as seen_until_at
from followed
cross join latest
left join {{ ref('int_nights__known') }} as next_nights on followed.next_night_number = next_nights.night_number
