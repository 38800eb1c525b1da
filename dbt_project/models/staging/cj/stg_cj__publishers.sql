with seen as (

    select
        *,
        row_number() over (
            partition by _account_id, publisher_id
            order by _observed_at desc, _fetched_at desc, _row_hash desc, commission_id desc
        ) as recency
    from {{ source('valid_cj', 'commissions') }}
    where publisher_id is not null

)

select
    'cj' as network,
    _account_id as account_id,
    publisher_id,
    publisher_name,
    cast(null as varchar) as primary_region,
    cast(null as varchar) as primary_type,
    false as is_listed,
    _observed_at as observed_at,
    _page_id,
    _load_id,
    _run_id
from seen
where recency = 1
