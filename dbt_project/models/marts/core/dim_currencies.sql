select currency, cast(minor_unit_digits as integer) as minor_unit_digits
from {{ ref('currencies') }}
