{{ config(severity='warn') }}

-- Two terms of one kind over the same days: which of them holds is decided by its first day and id, not by the contract.
select a.term_id, b.term_id as other_term_id, a.network, a.publisher_id, a.valid_from_date, b.valid_from_date as other_from
from {{ ref('int_terms__known') }} as a
inner join {{ ref('int_terms__known') }} as b
    on
        a.term_id < b.term_id
        and a.network = b.network
        and coalesce(a.account_id, '') = coalesce(b.account_id, '')
        and coalesce(a.publisher_id, '') = coalesce(b.publisher_id, '')
        and coalesce(lower(a.partner_group), '') = coalesce(lower(b.partner_group), '')
        and coalesce(a.customer_type, '') = coalesce(b.customer_type, '')
        and coalesce(a.voucher_code, '') = coalesce(b.voucher_code, '')
        and coalesce(a.tier_from_amount, 0) = coalesce(b.tier_from_amount, 0)
        and (a.term_currency is null or b.term_currency is null or a.term_currency = b.term_currency)
        and (a.valid_to_at is null or a.valid_to_at > b.valid_from_at)
        and (b.valid_to_at is null or b.valid_to_at > a.valid_from_at)
where
    a.is_known and b.is_known
    and (a.commission_rate is not null or a.flat_amount is not null)
    and (b.commission_rate is not null or b.flat_amount is not null)
