-- The publisher list holds active relationships only; a transaction still names those that have left.
with listed as (

    {{ current_version(source('valid_awin', 'publishers')) }}

),

seen as (

    select
        *,
        row_number() over (
            partition by _account_id, publisher_id
            order by _observed_at desc, _fetched_at desc, _row_hash desc
        ) as recency
    from {{ source('valid_awin', 'transactions') }}
    where publisher_id is not null

)

select
    'awin' as network,
    l._account_id as account_id,
    cast(l.id as varchar) as publisher_id,
    l.name as publisher_name,
    l.primary_region,
    l.primary_type,
    true as is_listed,
    l._observed_at as observed_at,
    l._page_id,
    l._load_id,
    l._run_id
from listed as l

union all

select
    'awin' as network,
    s._account_id as account_id,
    cast(s.publisher_id as varchar) as publisher_id,
    s.site_name as publisher_name,
    cast(null as varchar) as primary_region,
    cast(null as varchar) as primary_type,
    false as is_listed,
    s._observed_at as observed_at,
    s._page_id,
    s._load_id,
    s._run_id
from seen as s
left join listed as l on s._account_id = l._account_id and s.publisher_id = l.id
where s.recency = 1 and l.id is null
