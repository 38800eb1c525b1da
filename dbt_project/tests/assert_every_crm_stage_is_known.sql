{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'rpt_operations_crm_records'}}}) }}

-- A stage that nobody has mapped: its orders count as live. Name it in the `stages` of that export in affiliate.toml.
select order_source, shop, stage, count(*) as orders
from {{ ref('rpt_operations_crm_records') }}
where status is null and outcome <> 'no_order_id'
group by order_source, shop, stage
