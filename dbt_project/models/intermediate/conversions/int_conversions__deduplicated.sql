select
    c.*,
    claims.order_key,
    coalesce(claims.is_claim, false) as is_winner,
    claims.winner_conversion_key
from {{ ref('int_conversions__keyed') }} as c
left join {{ ref('int_claims__ranked') }} as claims on c.conversion_key = claims.conversion_key
where coalesce(claims.claim_rank, 1) = 1
