{{ config(materialized='table') }}
{%- set before -%}
over (
        partition by network, account_id, publisher_id, commission_currency, month_date
        order by occurred_at, conversion_key
        rows between unbounded preceding and 1 preceding
    )
{%- endset %}

with counted as (

    select
        c.conversion_key,
        c.network,
        c.account_id,
        c.publisher_id,
        c.row_kind,
        c.occurred_at,
        {{ month_in_zone('c.occurred_at', 'brand.time_zone') }} as month_date,
        {{ dbt.datediff('c.clicked_at', 'c.occurred_at', 'second') }} as seconds_since_click,
        o.order_key,
        coalesce(o.expected_state = 'void' or (o.commissionable_amount <= 0 and o.refunded_subtotal > 0), false)
            as is_order_void,
        c.publisher_commission as reported_commission,
        c.publisher_commission_currency as commission_currency,
        c.network_fee,
        c.network_fee_currency,
        coalesce(o.customer_type, c.customer_type) as customer_type,
        {{ voucher_word('coalesce(o.voucher_code, c.voucher_code)') }} as voucher_code,
        case when c.sale_currency = c.publisher_commission_currency then c.sale_amount end as reported_sale_amount,
        -- The shop's amounts in the currency of the commission; another currency only by the network's own conversion.
        case
            when o.currency = c.publisher_commission_currency then {{ money('1') }}
            when c.sale_currency = c.publisher_commission_currency and c.tracked_currency = o.currency then c.sale_amount
        end as converted_amount,
        case when o.currency = c.publisher_commission_currency then {{ money('1') }} else c.tracked_amount end
            as unconverted_amount,
        -- Of an order that was reported in parts, each part has its share.
        case when c.is_part then c.sale_amount else {{ money('1') }} end as part_amount,
        {{ money("case
            when c.is_part
                then sum(case when c.is_part then c.sale_amount end) over (partition by c.order_key, c.network)
            else 1
        end") }} as parts_amount,
        o.commissionable_amount,
        o.subtotal - {{ given_back('refunded_subtotal') }} as before_discount_amount,
        o.commissionable_amount + o.shipping as with_shipping_amount,
        o.total - {{ given_back('refunded') }} as paid_amount,
        o.subtotal - coalesce(o.discount, 0) as before_refund_amount
    from {{ ref('int_conversions__deduplicated') }} as c
    cross join {{ source('config', 'brand') }} as brand
    -- A renewal names the first order, whose figures are not its own.
    left join {{ ref('int_orders__keyed') }} as o on case when not c.is_renewal then c.order_key end = o.order_key
    where
        not {{ is_void('c') }}
        and c.row_kind in ('original', 'bonus')

),

converted as (

    select
        counted.*,
        currencies.minor_unit_digits,
        converted_amount is not null and coalesce(unconverted_amount, 0) <> 0 as is_convertible,
        {% for base, amount in [
            ('net_goods', 'commissionable_amount'), ('net_before_discount', 'before_discount_amount'),
            ('net_with_shipping', 'with_shipping_amount'), ('gross', 'paid_amount'),
        ] -%}
        -- Nothing is owed for an order that was cancelled or given back whole.
        case
            when is_order_void then {{ money('0') }} else {{ share_of_base(amount) }}
        end as {{ base }}_amount,
        {% endfor -%}
        {{ share_of_base('before_refund_amount') }} as before_refund_base_amount
    from counted
    left join {{ ref('currencies') }} as currencies on counted.commission_currency = currencies.currency

)

select
    conversion_key,
    network,
    account_id,
    publisher_id,
    row_kind,
    occurred_at,
    month_date,
    seconds_since_click,
    order_key,
    is_order_void,
    reported_commission,
    commission_currency,
    minor_unit_digits,
    is_convertible,
    network_fee,
    network_fee_currency,
    customer_type,
    voucher_code,
    net_goods_amount,
    net_before_discount_amount,
    net_with_shipping_amount,
    gross_amount,
    before_refund_base_amount as before_refund_amount,
    reported_sale_amount,
    {{ money('part_amount') }} as part_amount,
    parts_amount,
    {{ money("coalesce(sum(case when row_kind = 'original' then net_goods_amount end) " ~ before ~ ", 0)") }}
        as month_sales_before_amount,
    -- What sales of unknown goods may have added to them, as the network tells it; NULL where it does not tell one either.
    case
        when count(case when row_kind = 'original' and net_goods_amount is null and reported_sale_amount is null then 1 end)
            {{ before }} = 0
            then {{ money("coalesce(sum(
                case when row_kind = 'original' and net_goods_amount is null then reported_sale_amount end
            ) " ~ before ~ ", 0)") }}
    end as month_sales_unknown_amount
from converted
