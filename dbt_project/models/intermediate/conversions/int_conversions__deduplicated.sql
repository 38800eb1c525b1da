select
    c.*,
    claims.order_key,
    coalesce(claims.is_claim, false) as is_winner,
    claims.winner_conversion_key,
    coalesce(claims.is_part, false) as is_part,
    coalesce(claims.is_renewal, false) as is_renewal,
    coalesce(pairs.ambiguous_candidates, 0) as ambiguous_candidates
from {{ ref('int_conversions__keyed') }} as c
left join {{ ref('int_claims__ranked') }} as claims on c.conversion_key = claims.conversion_key
left join {{ ref('int_pairs__chosen') }} as pairs on c.conversion_key = pairs.conversion_key
where coalesce(claims.claim_rank, 1) = 1
