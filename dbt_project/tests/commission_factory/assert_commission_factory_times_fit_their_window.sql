{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'stg_commission_factory__conversions'}}}) }}
-- depends_on: {{ ref('stg_commission_factory__conversions') }}

-- Neither the zone of the network's times nor the ends of its ranges are documented: a date beside the range asked for, or
-- after the present, means that `time_zone` of the account is not the network's, or that a filter is not obeyed. Windows
-- are asked for with a day's lead; the hour is that of the change to winter time.
with dated as (

    select
        t._account_id,
        t._key,
        t._page_id,
        t._observed_at,
        t.date_created,
        t.date_modified,
        w.clock,
        case w.clock when 'DateModified' then t.date_modified else t.date_created end as asked_date,
        w.window_start,
        w.window_end
    from {{ source('valid_commission_factory', 'transactions') }} as t
    left join {{ source('ops', 'pages') }} as p on t._page_id = p.page_id
    left join {{ source('ops', 'windows') }} as w on p.window_id = w.window_id

)

select _account_id, _key, _page_id, clock, asked_date, window_start, window_end, _observed_at
from dated
where
    asked_date < {{ dbt.dateadd('hour', -25, 'window_start') }}
    or asked_date > {{ dbt.dateadd('hour', 1, 'window_end') }}
    or date_created > {{ dbt.dateadd('hour', 1, '_observed_at') }}
    or date_modified > {{ dbt.dateadd('hour', 1, '_observed_at') }}
