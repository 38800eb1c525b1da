{{ config(meta={'dagster': {'ref': {'name': 'fct_differences'}}}) }}

-- The loader records no decision about a difference that was never noted; one without is a bug, or a table was edited.
select d.decision_id, d.diff_key, d.source
from {{ source('ops', 'decisions') }} as d
left join {{ ref('fct_differences') }} as f on d.diff_key = f.diff_key
where f.diff_key is null
