-- Nothing of a difference that has an amount is left out of the split, and what has a cause leaves no residual.
select diff_key, class, root_cause, amount_difference, explained_amount, residual_amount
from {{ ref('fct_reconciliation_diffs') }}
where
    class in ('amount_mismatch', 'status_mismatch')
    and (
        (amount_difference is null) <> (explained_amount is null)
        or (amount_difference is null) <> (residual_amount is null)
        or explained_amount + residual_amount <> amount_difference
        or (root_cause <> 'unexplained' and residual_amount <> 0)
    )
