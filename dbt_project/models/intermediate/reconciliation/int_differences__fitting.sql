{#-
    What an amount may be wrong by. `figures`: what has to be added to the order's commissionable amount to get the
    network's. `needs`: what has to be other than nothing, else the cause is another one. `slack`: smallest units that a
    figure may be off which is a share of the order's own.
-#}
{%- set added = {'tax': 'tax_units', 'shipping': 'shipping_units', 'discount': 'discount_units', 'refund': 'refund_units'} -%}
{%- set single = {'tax': 'tax_included', 'shipping': 'shipping_included', 'discount': 'discount_ignored', 'refund': 'refund_ignored'} -%}
{%- set causes = [] -%}
{%- for figure, units in added.items() -%}
    {%- do causes.append({'cause': single[figure], 'evidence': '+ ' ~ figure, 'figures': units, 'needs': [units], 'slack': 0}) -%}
{%- endfor -%}
{%- do causes.append({'cause': 'tax_and_shipping_included', 'evidence': '+ tax + shipping', 'figures': 'tax_units + shipping_units', 'needs': ['tax_units', 'shipping_units'], 'slack': 0}) -%}
{%- do causes.append({'cause': 'reported_as_zero', 'evidence': 'network amount is 0', 'figures': '-commissionable_units', 'needs': ['commissionable_units'], 'slack': 0}) -%}
{%- do causes.append({'cause': 'gift_card_taken_off', 'evidence': '- gift card', 'figures': '-gift_card_units', 'needs': ['gift_card_units'], 'slack': 0}) -%}
{%- for figure, cause in {'tax': 'tax_taken_off', 'shipping': 'shipping_taken_off', 'discount': 'discount_taken_twice', 'refund': 'refund_taken_twice'}.items() -%}
    {%- do causes.append({'cause': cause, 'evidence': '- ' ~ figure, 'figures': '-' ~ added[figure], 'needs': [added[figure]], 'slack': 0}) -%}
{%- endfor -%}
{%- do causes.append({'cause': 'refund_taken_gross', 'evidence': '- tax and shipping given back', 'figures': '-refunded_beside_units', 'needs': ['refund_units', 'refunded_beside_units'], 'slack': 0}) -%}
{%- do causes.append({'cause': 'tax_included', 'evidence': '+ tax not given back', 'figures': 'tax_units - refunded_beside_units', 'needs': ['tax_units', 'refunded_beside_units'], 'slack': 0}) -%}
{%- do causes.append({'cause': 'tax_included', 'evidence': '+ tax of the goods', 'figures': 'tax_of_goods_units', 'needs': ['tax_of_goods_units', 'shipping_units'], 'slack': 1}) -%}
{%- do causes.append({'cause': 'tax_taken_off', 'evidence': '- tax as if it were inside', 'figures': '-tax_inside_units', 'needs': ['tax_inside_units'], 'slack': 1}) -%}
{%- set combinations = [
    ['tax', 'discount'], ['tax', 'refund'], ['shipping', 'discount'], ['shipping', 'refund'], ['discount', 'refund'],
    ['tax', 'shipping', 'discount'], ['tax', 'shipping', 'refund'], ['tax', 'discount', 'refund'],
    ['shipping', 'discount', 'refund'], ['tax', 'shipping', 'discount', 'refund'],
] -%}
{%- for names in combinations -%}
    {%- set units = [] -%}
    {%- for name in names -%}{%- do units.append(added[name]) -%}{%- endfor -%}
    {%- do causes.append({'cause': 'several_figures', 'evidence': '+ ' ~ names | join(' + '), 'figures': units | join(' + '), 'needs': units, 'slack': 0}) -%}
{%- endfor %}

-- The rank is the order of the tests: of several that fit, the first is the most specific.
with figures as (

    select * from {{ ref('int_differences__figures') }}

),

fx as (

    select on_date, from_currency as currency, rate from {{ ref('int_fx__daily') }}

),

brand as (

    select reporting_currency from {{ source('config', 'brand') }}

),

-- What a unit of a currency was worth on the day, in the reporting currency.
worths as (

    select on_date, currency, rate from fx
    union all
    select distinct fx.on_date, brand.reporting_currency as currency, cast(1 as decimal(18, 10)) as rate
    from fx
    cross join brand

),

used as (

    select currency from {{ ref('int_orders__keyed') }}
    union
    select accounts.currency from {{ source('config', 'accounts') }} as accounts
    union
    select reporting_currency as currency from brand

),

by_figures as (

    select
        conversion_key,
        'rounding' as cause,
        0 as cause_rank,
        'at most one smallest unit' as evidence
    from figures
    where abs(difference_units) <= 1
    {%- for cause in causes %}
    union all
    select
        conversion_key,
        '{{ cause.cause }}' as cause,
        {{ loop.index }} as cause_rank,
        '{{ cause.evidence }}' as evidence
    from figures
    where
        abs(difference_units - ({{ cause.figures }})) <= {{ cause.slack }}
        {%- for needed in cause.needs %}
        and {{ needed }} <> 0
        {%- endfor %}
    {%- endfor %}

),

-- What is left of each line after discount and refund.
lines as (

    select
        f.conversion_key,
        f.difference_units,
        f.commissionable_units,
        i.line_id,
        {{ minor_units('i.subtotal - coalesce(i.discount, 0) - coalesce(i.refunded_subtotal, 0)', 'f.minor_unit_digits') }}
            as line_units
    from figures as f
    inner join {{ ref('stg_crm__order_items') }} as i on f.order_key = i.order_key
    where f.difference_units < 0

),

-- Lines that do not add up to their order explain nothing of it.
adding_up as (

    select conversion_key
    from lines
    group by conversion_key, commissionable_units
    having count(*) > 1 and sum(line_units) = commissionable_units

),

by_line as (

    select
        lines.conversion_key,
        'lines_left_out' as cause,
        {{ causes | length + 1 }} as cause_rank,
        -- Of two lines one is left out and the other alone.
        min(
            case when lines.difference_units = -lines.line_units then 'without line ' else 'only line ' end || lines.line_id
        ) as evidence
    from lines
    inner join adding_up on lines.conversion_key = adding_up.conversion_key
    where
        lines.line_units > 0
        and lines.line_units < lines.commissionable_units
        and lines.difference_units in (-lines.line_units, lines.line_units - lines.commissionable_units)
    group by lines.conversion_key

),

-- Both amounts in the reporting currency; the network's in each currency that it may have been told in.
in_worth as (

    select
        f.conversion_key,
        f.reason,
        f.sale_currency,
        f.order_currency,
        told.currency as told_currency,
        {{ times_rate('f.sale_amount', 'told.rate') }} as sale_worth,
        {{ times_rate('f.commissionable_amount', 'owed.rate') }} as order_worth
    from figures as f
    inner join worths as owed on f.order_currency = owed.currency and f.ordered_on = owed.on_date
    inner join worths as told on f.ordered_on = told.on_date
    inner join used on told.currency = used.currency
    where told.currency <> f.order_currency

),

by_rate as (

    select
        conversion_key,
        case when reason = 'currency_differs' then 'currency_converted' else 'amount_in_other_currency' end as cause,
        min({{ causes | length + 3 }}) as cause_rank,
        -- Of several currencies that would do, the first by name.
        min('rate of the day of ' || told_currency) as evidence
    from in_worth
    where
        abs(sale_worth - order_worth) <= {{ times_rate('order_worth', 'cast(' ~ var('fx_tolerance') ~ ' as decimal(7, 6))') }}
        and order_worth > 0
        and (
            (reason = 'currency_differs' and told_currency = sale_currency)
            or (reason in ('network_higher', 'network_lower') and sale_currency = order_currency)
        )
    group by conversion_key, reason

),

by_label as (

    select
        conversion_key,
        'currency_label_wrong' as cause,
        {{ causes | length + 2 }} as cause_rank,
        'the same number in another currency' as evidence
    from figures
    where reason = 'currency_differs' and sale_units = commissionable_units and commissionable_units <> 0

)

select conversion_key, cause, cause_rank, evidence from by_figures
union all
select conversion_key, cause, cause_rank, evidence from by_line
union all
select conversion_key, cause, cause_rank, evidence from by_label
union all
select conversion_key, cause, cause_rank, evidence from by_rate
