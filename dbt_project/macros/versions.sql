{#
    All columns of the current version of each record; newest_first orders versions, newest first. Pages of one run share
    the instant of observation: which of them came later is told by the clock of the machine that fetched them.
#}
{% macro current_version(relation, newest_first='_observed_at desc, _fetched_at desc') -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by _account_id, _key
                order by {{ newest_first }}, _row_hash desc
            ) as version_rank
        from {{ relation }}
    ) as versions
    where version_rank = 1
{%- endmacro %}


{#
    The same of events, of which there are many and nearly all have one version: only the others are ranked. Accounts and keys
    are never NULL in valid tables.
#}
{% macro current_event(relation) -%}
    with several as (

        select _account_id, _key
        from {{ relation }}
        group by _account_id, _key
        having count(*) > 1

    )

    select r.*, cast(1 as bigint) as version_rank
    from {{ relation }} as r
    left join several on r._account_id = several._account_id and r._key = several._key
    where several._key is null
    union all
    {{ current_version(
        '(select r.* from ' ~ relation ~ ' as r inner join several'
        ~ ' on r._account_id = several._account_id and r._key = several._key) as versions'
    ) }}
{%- endmacro %}


{# Change of an amount since the row's version before; the first version counts whole. NULL only if both are unknown. #}
{% macro delta(amount, window) -%}
    case
        when {{ amount }} is null and lag({{ amount }}) over {{ window }} is null then null
        else {{ money('coalesce(' ~ amount ~ ', 0) - coalesce(lag(' ~ amount ~ ') over ' ~ window ~ ', 0)') }}
    end
{%- endmacro %}


{% macro event_type(first_type, version, raw_status, amounts, window) -%}
    case
        when {{ version }} = 1 then {{ first_type }}
        when coalesce({{ raw_status }}, '') <> coalesce(lag({{ raw_status }}) over {{ window }}, '') then 'status_changed'
        {% for amount in amounts -%}
        when coalesce({{ amount }}, 0) <> coalesce(lag({{ amount }}) over {{ window }}, 0) then 'amount_changed'
        {% endfor -%}
        else 'details_changed'
    end
{%- endmacro %}
