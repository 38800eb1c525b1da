with conversions as (

    select
        c.*,
        d.decision,
        d.known_decided_at,
        d.days_since_sale,
        d.days_since_decision,
        {{ month_in_zone('c.occurred_at', 'brand.time_zone') }} as month_date,
        -- What a network never says is not a no.
        case
            when c.payment_state = 'paid' then true
            when networks.tells_payment and c.payment_state in ('unpaid', 'payable') then false
        end as is_paid
    from {{ ref('fct_conversions') }} as c
    inner join {{ ref('int_conversions__decided') }} as d on c.conversion_key = d.conversion_key
    cross join {{ source('config', 'brand') }} as brand
    left join {{ ref('int_networks__declared') }} as networks on c.network = networks.network
    where coalesce(d.decision, 'untold') <> 'declined'

),

aged as (

    select
        *,
        coalesce(decision, 'untold') as accrual_state,
        {{ ageing_bucket('days_since_sale') }} as ageing_bucket,
        case when decision = 'approved' then {{ ageing_bucket('days_since_decision') }} end as approved_ageing_bucket
    from conversions

),

rated as (

    select
        aged.*,
        rates.approval_rate,
        rates.approval_rate_source,
        case
            when rates.approval_rate_source = 'age' then rates.decided_records
            when rates.approval_rate_source = 'network' then rates.network_decided_records
        end as rate_records,
        {{ times_rate('aged.publisher_commission', 'rates.approval_rate') }} as accrued_commission
    from aged
    left join {{ ref('rpt_approval_rates') }} as rates
        on
            aged.accrual_state = 'pending'
            and aged.network = rates.network
            and aged.ageing_bucket = rates.ageing_bucket

)

select
    conversion_key,
    network,
    account_id,
    publisher_id,
    order_key,
    is_duplicate_claim,
    is_withheld,
    occurred_at,
    month_date,
    accrual_state,
    payment_state,
    is_paid,
    ageing_bucket,
    case when accrual_state = 'approved' then known_decided_at end as approved_at,
    approved_ageing_bucket,
    publisher_commission,
    publisher_commission_currency as commission_currency,
    approval_rate,
    approval_rate_source,
    cast(rate_records as bigint) as rate_records,
    accrued_commission,
    publisher_commission_reporting,
    {{ times_rate('accrued_commission', 'commission_fx_rate') }} as accrued_commission_reporting,
    reporting_currency,
    _page_id,
    _load_id,
    _run_id
from rated
