select network, coalesce(nullif(reasons, ''), 'not in order') as withheld_reason
from {{ source('ops', 'standings') }}
where held
