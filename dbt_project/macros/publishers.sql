{#-
    One row per account and publisher: those of the network's listing, and those that only conversions name, since a
    conversion still names a publisher that has left the listing.

    seen: source of the conversions. seen_id, seen_name: its expressions of publisher id and name.
    listed: source of the listing, none where the network has none; listed_id, listed_name, region, type likewise.
    among: which rows of seen count.
-#}
{% macro publishers_of(
    network, seen, seen_id, seen_name, listed=none, listed_id=none, listed_name=none, region='null', type='null',
    among='true'
) -%}
with named as (

    select
        _account_id,
        cast({{ seen_id }} as varchar) as publisher_id,
        {{ seen_name }} as publisher_name,
        _observed_at,
        _page_id,
        _load_id,
        _run_id,
        row_number() over (
            partition by _account_id, cast({{ seen_id }} as varchar)
            order by _observed_at desc, _fetched_at desc, _row_hash desc, _key desc
        ) as recency
    from {{ seen }}
    where {{ seen_id }} is not null and {{ among }}

)
{%- if listed is not none %},

listed as (

    {{ current_version(listed) }}

),

members as (

    select
        _account_id,
        cast({{ listed_id }} as varchar) as publisher_id,
        {{ listed_name }} as publisher_name,
        cast({{ region }} as varchar) as primary_region,
        cast({{ type }} as varchar) as primary_type,
        _observed_at,
        _page_id,
        _load_id,
        _run_id
    from listed

)

select
    '{{ network }}' as network,
    _account_id as account_id,
    publisher_id,
    publisher_name,
    primary_region,
    primary_type,
    true as is_listed,
    _observed_at as observed_at,
    _page_id,
    _load_id,
    _run_id
from members

union all
{% endif %}
select
    '{{ network }}' as network,
    n._account_id as account_id,
    n.publisher_id,
    n.publisher_name,
    cast(null as varchar) as primary_region,
    cast(null as varchar) as primary_type,
    false as is_listed,
    n._observed_at as observed_at,
    n._page_id,
    n._load_id,
    n._run_id
from named as n
{%- if listed is not none %}
left join members as m on n._account_id = m._account_id and n.publisher_id = m.publisher_id
where n.recency = 1 and m.publisher_id is null
{%- else %}
where n.recency = 1
{%- endif %}
{%- endmacro %}
