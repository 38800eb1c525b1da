-- From pass 3 on each side is used once, and never where an id already says it.
select order_key, count(*) as conversions
from {{ ref('int_pairs__chosen') }}
where order_key is not null
group by order_key
having count(*) > 1 and max(match_pass) > 2
