{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_api_calls'}}}) }}

-- Fewer than one: the log of calls was not written; more: the log tells of two calls for one response.
select c.conversion_key, c._page_id, count(calls.call_id) as calls
from {{ ref('fct_conversions') }} as c
left join {{ ref('fct_api_calls') }} as calls on c._page_id = calls.page_id
group by c.conversion_key, c._page_id
having count(calls.call_id) <> 1
