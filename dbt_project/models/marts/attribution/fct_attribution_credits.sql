{%- set attribution_models = ['first', 'last', 'linear', 'position', 'time_decay'] -%}

with credits as (

    {% for attribution_model in attribution_models -%}
    select * from {{ ref('int_credits__' ~ attribution_model) }}
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}

),

-- A negative amount is split by its size and signed again afterwards.
units as (

    select
        credits.order_key,
        credits.attribution_model,
        credits.touchpoint_id,
        credits.touch_number,
        credits.credit_fraction,
        abs({{ minor_units('o.commissionable_amount', 'o.minor_unit_digits') }}) as units,
        o.minor_unit_digits,
        cast(credits.credit_fraction * 1000000 as bigint) as weight,
        cast(1000000 as bigint) as weights
    from credits
    inner join {{ ref('fct_orders') }} as o on credits.order_key = o.order_key

),

split as (

    {{ split_by_largest_remainder('units', 'order_key, attribution_model') }}

),

touched as (

    select
        split.order_key,
        split.attribution_model,
        split.touchpoint_id,
        split.touch_number,
        paths.touch_count,
        paths.touched_at,
        paths.channel,
        paths.network,
        paths.utm_source,
        paths.utm_medium,
        paths.utm_campaign,
        split.credit_fraction,
        {{ from_minor_units('split.part', 'split.minor_unit_digits') }} as credited_size
    from split
    inner join {{ ref('int_paths__built') }} as paths
        on split.order_key = paths.order_key and split.touchpoint_id = paths.touchpoint_id

),

untouched as (

    select
        o.order_key,
        rules.attribution_model,
        cast(null as varchar) as touchpoint_id,
        cast(null as integer) as touch_number,
        cast(0 as integer) as touch_count,
        cast(null as timestamp) as touched_at,
        'unattributed' as channel,
        cast(null as varchar) as network,
        cast(null as varchar) as utm_source,
        cast(null as varchar) as utm_medium,
        cast(null as varchar) as utm_campaign,
        {{ money('1') }} as credit_fraction,
        {{ money('abs(' ~ round_to_minor_unit('o.commissionable_amount', 'o.minor_unit_digits') ~ ')') }} as credited_size
    from {{ ref('fct_orders') }} as o
    cross join (
        {% for attribution_model in attribution_models -%}
        select '{{ attribution_model }}' as attribution_model
        {% if not loop.last -%}
        union all
        {% endif -%}
        {% endfor %}
    ) as rules
    left join {{ ref('int_paths__built') }} as paths on o.order_key = paths.order_key and paths.touch_number = 1
    where paths.order_key is null

),

credited as (

    select * from touched
    union all
    select * from untouched

),

-- A touch names the network only; whom it credits is told by the network's own claim on the order.
publishers as (

    select order_key, network, publisher_id
    from (
        select
            order_key,
            network,
            publisher_id,
            row_number() over (
                partition by order_key, network
                order by case when is_duplicate_claim then 1 else 0 end, clicked_at desc, conversion_key
            ) as choice
        from {{ ref('fct_conversions') }} as c
        where order_key is not null and row_kind = 'original' and not {{ is_void('c') }}
    ) as claims
    where choice = 1

)

select
    c.order_key || ':' || c.attribution_model || ':' || coalesce(c.touchpoint_id, '') as credit_key,
    c.order_key,
    o.shop,
    o.order_id,
    o.ordered_at,
    c.attribution_model,
    c.touchpoint_id,
    c.touch_number,
    c.touch_count,
    c.touched_at,
    c.channel,
    c.network,
    publishers.publisher_id,
    c.utm_source,
    c.utm_medium,
    c.utm_campaign,
    c.credit_fraction,
    {{ money('case when o.commissionable_amount < 0 then -c.credited_size else c.credited_size end') }} as credited_revenue,
    o.currency,
    {{ times_rate('case when o.commissionable_amount < 0 then -c.credited_size else c.credited_size end', 'o.fx_rate') }}
        as credited_revenue_reporting,
    o.reporting_currency
from credited as c
inner join {{ ref('fct_orders') }} as o on c.order_key = o.order_key
left join publishers on c.order_key = publishers.order_key and c.network = publishers.network
