select
    conversion_key,
    winner_conversion_key as survivor_conversion_key,
    order_key,
    claims,
    claim_rank,
    lost_by_rule,
    duplicate_kind
from {{ ref('int_claims__ranked') }}
where claim_rank > 1
