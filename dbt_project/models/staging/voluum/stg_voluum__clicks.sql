-- The live lists reach back a short while; a conversion names its visit whenever that was.
with visits as (

    {{ current_version(source('valid_voluum', 'visits')) }}

),

clicks as (

    {{ current_version(source('valid_voluum', 'clicks')) }}

),

conversions as (

    {{ current_version(source('valid_voluum', 'conversions')) }}

),

touches as (

    select
        _account_id, click_id, 1 as place, traffic_source_id, visited_at as touched_at,
        coalesce(external_id, custom_variable1) as publisher_reference, device_name, country_code,
        _observed_at, _page_id, _load_id, _run_id
    from visits
    union all
    select
        _account_id, click_id, 2 as place, traffic_source_id, visit_timestamp as touched_at,
        coalesce(external_id, custom_variable1) as publisher_reference, device_name, country_code,
        _observed_at, _page_id, _load_id, _run_id
    from conversions
    where campaign_id = _account_id and visit_timestamp is not null
    union all
    select
        _account_id, click_id, 3 as place, cast(null as varchar) as traffic_source_id, clicked_at as touched_at,
        external_id as publisher_reference, cast(null as varchar) as device_name, country_code,
        _observed_at, _page_id, _load_id, _run_id
    from clicks

),

ranked as (

    -- A click follows its visit on the same id; the visit is the touch.
    select
        *,
        row_number() over (
            partition by _account_id, click_id
            order by place, touched_at, _observed_at, _page_id
        ) as nearness
    from touches

)

select
    'voluum' as network,
    _account_id as account_id,
    click_id,
    _account_id as programme_id,
    traffic_source_id as publisher_id,
    touched_at as clicked_at,
    cast(null as varchar) as landing_url,
    cast(null as varchar) as referrer_host,
    publisher_reference,
    device_name as device,
    country_code as country,
    _observed_at as observed_at,
    _page_id,
    _load_id,
    _run_id
from ranked
where nearness = 1
