with owners as (

    select distinct {{ voucher_word('code') }} as code, network, publisher_id
    from {{ source('config', 'voucher_owners') }}

),

conversions as (

    select c.*, o.ordered_at, {{ voucher_word('coalesce(o.voucher_code, c.voucher_code)') }} as used_voucher_code
    from {{ ref('fct_conversions') }} as c
    left join {{ ref('fct_orders') }} as o on c.order_key = o.order_key
    where not c.is_withheld and c.row_kind = 'original' and not {{ is_void('c') }}

),

vouchers as (

    select
        c.conversion_key,
        min(owners.network) as other_network,
        min(owners.publisher_id) as other_publisher_id
    from conversions as c
    inner join owners on c.used_voucher_code = owners.code
    group by c.conversion_key, c.network, c.publisher_id
    having sum(case when owners.network = c.network and owners.publisher_id = c.publisher_id then 1 else 0 end) = 0

),

-- The customer is a contact of the very publisher who is paid for the order.
own_orders as (

    select distinct c.conversion_key
    from conversions as c
    inner join {{ ref('int_orders__keyed') }} as o on c.order_key = o.order_key
    inner join {{ ref('stg_crm__publisher_contacts') }} as contacts
        on
            c.network = contacts.network
            and c.publisher_id = contacts.publisher_id
            and o.customer_hash = contacts.contact_hash

),

signals as (

    select
        'click_just_before_order' as signal,
        s.conversion_key,
        s.seconds_from_click,
        cast(null as varchar) as other_network,
        cast(null as varchar) as other_publisher_id,
        cast(null as timestamp) as other_clicked_at,
        cast({{ var('fraud_click_within_seconds') }} as decimal(18, 6)) as threshold,
        true as is_certain
    from {{ ref('int_conversions__sudden') }} as s
    where s.seconds_from_click <= {{ var('fraud_click_within_seconds') }}

    union all

    select
        'last_second_takeover',
        s.conversion_key,
        s.seconds_from_click,
        s.other_network,
        s.other_publisher_id,
        s.other_clicked_at,
        cast({{ var('fraud_takeover_within_seconds') }} as decimal(18, 6)),
        s.is_other_known
    from {{ ref('int_conversions__sudden') }} as s
    where s.seconds_from_click <= {{ var('fraud_takeover_within_seconds') }} and s.other_clicked_at is not null

    union all

    select
        'voucher_of_another_publisher',
        conversion_key,
        cast(null as bigint),
        other_network,
        other_publisher_id,
        cast(null as timestamp),
        cast(null as decimal(18, 6)),
        true
    from vouchers

    union all

    select
        'self_referral',
        conversion_key,
        cast(null as bigint),
        cast(null as varchar),
        cast(null as varchar),
        cast(null as timestamp),
        cast(null as decimal(18, 6)),
        true
    from own_orders

),

of_conversions as (

    select
        s.signal || ':' || s.conversion_key as signal_key,
        s.signal,
        'conversion' as signal_subject,
        c.network,
        c.account_id,
        c.publisher_id,
        c.conversion_key,
        c.order_key,
        c.occurred_at,
        c.ordered_at,
        c.clicked_at,
        s.seconds_from_click,
        s.other_network,
        s.other_publisher_id,
        s.other_clicked_at,
        s.is_certain,
        cast(1 as bigint) as measured_records,
        cast(s.seconds_from_click as decimal(18, 6)) as measured_value,
        cast(null as decimal(18, 6)) as measured_at_least,
        cast(null as decimal(18, 6)) as measured_at_most,
        s.threshold as compared_value,
        c.used_voucher_code as voucher_code,
        c.status as conversion_status,
        c.publisher_commission as commission_at_stake,
        c.publisher_commission_currency as commission_currency,
        c._page_id,
        c._load_id,
        c._run_id
    from signals as s
    inner join conversions as c on s.conversion_key = c.conversion_key

),

habits as (

    select h.*
    from {{ ref('int_publishers__habits') }} as h
    left join {{ ref('int_networks__held') }} as held on h.network = held.network
    where held.network is null

),

of_publishers as (

    select
        'declined_more_than_others' as signal,
        network,
        account_id,
        publisher_id,
        decided_records as measured_records,
        declined_share as measured_value,
        declined_share_at_least as measured_at_least,
        declined_share_at_most as measured_at_most,
        others_declined_share_at_most as compared_value
    from habits
    where
        decided_records >= {{ var('outlier_min_records') }}
        and others_decided_records >= {{ var('outlier_min_records') }}
        and declined_share_at_least > others_declined_share_at_most

    union all

    select
        'clicks_closer_to_orders_than_others',
        network,
        account_id,
        publisher_id,
        clicked_records,
        click_time_z,
        cast(null as decimal(18, 6)),
        cast(null as decimal(18, 6)),
        cast(-{{ var('outlier_robust_z') }} as decimal(18, 6))
    from habits
    where measured_publishers >= {{ var('outlier_min_publishers') }} and click_time_z < -{{ var('outlier_robust_z') }}

)

select
    signal_key,
    signal,
    signal_subject,
    network,
    account_id,
    publisher_id,
    conversion_key,
    order_key,
    occurred_at,
    ordered_at,
    clicked_at,
    seconds_from_click,
    other_network,
    other_publisher_id,
    other_clicked_at,
    is_certain,
    measured_records,
    measured_value,
    measured_at_least,
    measured_at_most,
    compared_value,
    voucher_code,
    conversion_status,
    commission_at_stake,
    commission_currency,
    _page_id,
    _load_id,
    _run_id
from of_conversions

union all

select
    signal || ':' || network || ':' || account_id || ':' || publisher_id,
    signal,
    'publisher',
    network,
    account_id,
    publisher_id,
    cast(null as varchar),
    cast(null as varchar),
    cast(null as timestamp),
    cast(null as timestamp),
    cast(null as timestamp),
    cast(null as bigint),
    cast(null as varchar),
    cast(null as varchar),
    cast(null as timestamp),
    true,
    measured_records,
    measured_value,
    measured_at_least,
    measured_at_most,
    compared_value,
    cast(null as varchar),
    cast(null as varchar),
    cast(null as decimal(18, 6)),
    cast(null as varchar),
    cast(null as varchar),
    cast(null as varchar),
    cast(null as varchar)
from of_publishers
