-- Over all versions: an export that names the customer of an earlier touch says since when that is known.
select visitor_hash, customer_hash, min(_observed_at) as known_from
from {{ source('valid_crm', 'touchpoints') }}
where visitor_hash is not null and customer_hash is not null
group by visitor_hash, customer_hash
