{%- set known_at = var('terms_as_known_at') %}

with versions as (

    select
        *,
        lead(observed_at) over (
            partition by term_id
            order by observed_at, fetched_at, _page_id, valid_from_date, valid_to_date, commission_rate, flat_amount
        ) as known_to
    from {{ ref('stg_crm__terms') }}

)

select
    v.term_id,
    v.observed_at as known_from,
    v.known_to,
    v.observed_at <= {{ known_moment(known_at) }} and (v.known_to is null or v.known_to > {{ known_moment(known_at) }})
        as is_known,
    v.network,
    v.account_id,
    v.publisher_id,
    v.partner_group,
    -- Such a row says nothing but that the publisher belongs to the group.
    v.publisher_id is not null and v.partner_group is not null as is_membership,
    v.valid_from_date,
    v.valid_to_date,
    {{ wall_clock_to_utc('v.valid_from_date', 'brand.time_zone') }} as valid_from_at,
    {{ wall_clock_to_utc('v.valid_to_date', 'brand.time_zone') }} as valid_to_at,
    v.commission_rate,
    v.flat_amount,
    v.bonus_amount,
    v.fixed_fee_amount,
    v.term_currency,
    v.base,
    v.tier_from_amount,
    v.cap_per_order_amount,
    v.cap_per_month_amount,
    v.customer_type,
    v.voucher_code,
    v.is_voucher_allowed,
    v.click_window_days,
    v.network_fee_rate,
    v.validation_days,
    v._page_id,
    v._load_id,
    v._run_id
from versions as v
cross join {{ source('config', 'brand') }} as brand
where v.known_to is null or v.known_to > v.observed_at
