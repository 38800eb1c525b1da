{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'stg_crm__decisions'}}}) }}

-- A line of a file that has no effect. One that waits names a diff_key that was never noted, or a time to come; compare
-- it with fct_differences. One refused came when its difference was closed or settled: open that first, or strike it out.
select
    lines.decision_id,
    lines.diff_key,
    lines.decided_status,
    lines.decided_at,
    coalesce(d.refused_because, 'waits') as why
from {{ ref('stg_crm__decisions') }} as lines
left join {{ source('ops', 'decisions') }} as d on lines.decision_id = d.decision_id
where d.decision_id is null or d.refused_because is not null
