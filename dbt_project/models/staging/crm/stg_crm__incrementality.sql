select
    measurement_id,
    case when publisher_id is null then 'channel' else 'publisher' end as comparison_level,
    lower(channel) as channel,
    network,
    account_id,
    publisher_id,
    cast(valid_from as date) as measured_from_date,
    cast(valid_to as date) as measured_to_date,
    {{ money('share') }} as measured_fraction,
    method as measurement_method,
    note,
    _page_id,
    _load_id,
    _run_id
from (
    {{ current_version(source('valid_crm', 'incrementality')) }}
) as measurements
