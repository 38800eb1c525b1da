with ranked as (

    select
        *,
        -- What the publisher list says comes before what a conversion happened to carry.
        row_number() over (
            partition by network, publisher_id
            order by case when is_listed then 0 else 1 end, observed_at desc, account_id
        ) as recency,
        max(case when is_listed then 1 else 0 end) over (partition by network, publisher_id) as listed
    from {{ ref('int_publishers__unioned') }}

)

select
    network || ':' || publisher_id as publisher_key,
    network,
    publisher_id,
    publisher_name,
    primary_region,
    primary_type,
    listed = 1 as is_listed,
    observed_at,
    _page_id,
    _load_id,
    _run_id
from ranked
where recency = 1
