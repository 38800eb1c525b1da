with brand as (

    select reporting_currency from {{ source('config', 'brand') }}

),

bills as (

    select c.order_key, c.network, c.publisher_id, c.publisher_commission_reporting
    from {{ ref('fct_conversions') }} as c
    where not c.is_duplicate_claim and c.row_kind <> 'test' and not {{ is_void('c') }}

),

bill_of_order as (

    select order_key, {{ sum_if_all_known('publisher_commission_reporting') }} as bill_reporting
    from bills
    where order_key is not null
    group by order_key

),

bill_of_publisher as (

    select
        coalesce(network, '') as network,
        coalesce(publisher_id, '') as publisher_id,
        {{ sum_if_all_known('publisher_commission_reporting') }} as bill_reporting
    from bills
    group by coalesce(network, ''), coalesce(publisher_id, '')

),

-- Credit that no publisher has stays one line of its own, so that every model shares out the same bill.
credited as (

    select
        attribution_model,
        case when channel = 'affiliate' then coalesce(network, '') else '' end as network,
        case when channel = 'affiliate' then coalesce(publisher_id, '') else '' end as publisher_id,
        sum(credited_orders) as credited_orders,
        {{ sum_if_all_known('credited_revenue_reporting') }} as credited_revenue_reporting
    from {{ ref('rpt_attribution_rollup') }}
    group by
        attribution_model,
        case when channel = 'affiliate' then coalesce(network, '') else '' end,
        case when channel = 'affiliate' then coalesce(publisher_id, '') else '' end

),

billed as (

    select
        t.*,
        case when t.channel = 'affiliate' then coalesce(t.network, '') else '' end as paid_network,
        case when t.channel = 'affiliate' then coalesce(t.publisher_id, '') else '' end as paid_publisher_id,
        -- Of more digits than money, as a decimal of 18 has no more when multiplied.
        case when bill.order_key is null then 0 else cast(bill.bill_reporting as decimal(28, 6)) end as bill_reporting
    from {{ ref('fct_attribution_touches') }} as t
    left join bill_of_order as bill on t.order_key = bill.order_key

),

-- Rounded only after it is summed, or millions of touches would add up to another bill.
{{ summed_credits('billed', ['paid_network', 'paid_publisher_id'], {
    'payout_reporting':
        'case when count({credit}) = count({credit} * bill_reporting) then sum({credit} * bill_reporting) end',
}) }},

touched as (

    select
        order_key,
        coalesce(network, '') as network,
        coalesce(publisher_id, '') as publisher_id,
        max(case when touch_number = 1 then 1 else 0 end) as began,
        max(case when affiliate_last_click_credit_fraction is not null then 1 else 0 end) as was_paid,
        case when count(*) = max(touch_count) then 1 else 0 end as was_alone
    from {{ ref('fct_attribution_touches') }}
    where channel = 'affiliate'
    group by order_key, coalesce(network, ''), coalesce(publisher_id, '')

),

helped as (

    select
        network,
        publisher_id,
        count(*) as orders_touched,
        sum(began) as orders_begun,
        sum(1 - was_paid) as orders_assisted,
        sum(was_alone) as orders_alone
    from touched
    group by network, publisher_id

),

publishers as (

    select network, publisher_id from bill_of_publisher
    union
    select network, publisher_id from credited

),

lines as (

    select models.attribution_model, publishers.network, publishers.publisher_id
    from publishers
    cross join {{ all_attribution_models() }} as models

),

joined as (

    select
        lines.attribution_model,
        nullif(lines.network, '') as network,
        nullif(lines.publisher_id, '') as publisher_id,
        coalesce(credited.credited_orders, 0) as credited_orders,
        case when credited.network is null then 0 else credited.credited_revenue_reporting end
            as credited_revenue_reporting,
        case when summed.attribution_model is null then 0 else summed.payout_reporting end as payout_under_model_reporting,
        case when bill.network is null then 0 else bill.bill_reporting end as actual_bill_reporting,
        coalesce(helped.orders_touched, 0) as orders_touched,
        coalesce(helped.orders_begun, 0) as orders_begun,
        coalesce(helped.orders_assisted, 0) as orders_assisted,
        coalesce(helped.orders_alone, 0) as orders_alone
    from lines
    left join credited
        on
            lines.attribution_model = credited.attribution_model
            and lines.network = credited.network
            and lines.publisher_id = credited.publisher_id
    left join summed
        on
            lines.attribution_model = summed.attribution_model
            and lines.network = summed.paid_network
            and lines.publisher_id = summed.paid_publisher_id
    left join bill_of_publisher as bill
        on lines.network = bill.network and lines.publisher_id = bill.publisher_id
    left join helped on lines.network = helped.network and lines.publisher_id = helped.publisher_id

)

-- Nothing of a held network is valued; that its credits are there is told all the same.
select
    j.attribution_model,
    j.network,
    j.publisher_id,
    held.withheld_reason,
    {{ money('j.credited_orders') }} as credited_orders,
    {% for name, amount in {
        'credited_revenue_reporting': 'j.credited_revenue_reporting',
        'payout_under_model_reporting': 'j.payout_under_model_reporting',
        'actual_bill_reporting': 'j.actual_bill_reporting',
        'payout_difference_reporting': 'j.payout_under_model_reporting - j.actual_bill_reporting',
    }.items() -%}
    case when held.network is null then {{ money(amount) }} end as {{ name }},
    {% endfor -%}
    cast(j.orders_touched as bigint) as orders_touched,
    cast(j.orders_begun as bigint) as orders_begun,
    cast(j.orders_assisted as bigint) as orders_assisted,
    cast(j.orders_alone as bigint) as orders_alone,
    brand.reporting_currency
from joined as j
cross join brand
left join {{ ref('int_networks__held') }} as held on j.network = held.network
