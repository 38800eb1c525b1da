{#- Models that leave an order without credit although it has a path. -#}
{%- set partial_models = ['affiliate_last_click', 'custom'] -%}
{%- set attribution_models = var('attribution_models') + ['custom'] -%}
{%- set of_order -%}
o.shop, o.order_id, o.ordered_at, o.commissionable_amount, o.minor_unit_digits, o.currency, o.fx_rate, o.reporting_currency
{%- endset -%}

-- A negative amount is split by its size and signed again afterwards. What one touch earns alone needs no split.
with sizes as (

    select
        order_key,
        minor_unit_digits,
        abs({{ minor_units('commissionable_amount', 'minor_unit_digits') }}) as units
    from {{ ref('fct_orders') }}

),
{% for attribution_model in attribution_models %}
sized_{{ attribution_model }} as (

    select
        c.order_key,
        c.attribution_model,
        c.touch_number,
        c.credit_fraction,
        sizes.units,
        cast(c.credit_fraction * 1000000 as bigint) as weight,
        cast(1000000 as bigint) as weights
    from {{ ref('int_credits__' ~ attribution_model) }} as c
    inner join sizes on c.order_key = sizes.order_key

),

shared_{{ attribution_model }} as (

    select * from sized_{{ attribution_model }} where weight not in (0, weights)

),

split_{{ attribution_model }} as (

    {{ split_by_largest_remainder(
        'shared_' ~ attribution_model, 'order_key' ~ (', attribution_model' if attribution_model == 'custom' else '')) }}

),
{% endfor %}
parts as (

    {% for attribution_model in attribution_models -%}
    select order_key, attribution_model, touch_number, credit_fraction, part
    from split_{{ attribution_model }}
    union all
    select order_key, attribution_model, touch_number, credit_fraction, case when weight = 0 then 0 else units end as part
    from sized_{{ attribution_model }}
    where weight in (0, weights)
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}

),

models as (

    select * from {{ all_attribution_models() }} as every_model

),

pathless as (

    select o.order_key
    from {{ ref('fct_orders') }} as o
    left join {{ ref('int_paths__built') }} as paths on o.order_key = paths.order_key and paths.touch_number = 1
    where paths.order_key is null

),

{% for attribution_model in attribution_models if attribution_model in partial_models -%}
credited_{{ attribution_model }} as (

    select distinct order_key, attribution_model from {{ ref('int_credits__' ~ attribution_model) }}

),

{% endfor -%}
uncredited as (

    select pathless.order_key, models.attribution_model
    from pathless
    cross join models
    {%- for attribution_model in attribution_models if attribution_model in partial_models %}
    union all
    select paths.order_key, models.attribution_model
    from {{ ref('int_paths__built') }} as paths
    cross join models
    left join credited_{{ attribution_model }} as credited
        on paths.order_key = credited.order_key and models.attribution_model = credited.attribution_model
    where
        paths.touch_number = 1
        and credited.order_key is null
        {%- if attribution_model == 'custom' %}
        and models.attribution_model in (select attribution_model from {{ ref('custom_attribution_models') }})
        {%- else %}
        and models.attribution_model = '{{ attribution_model }}'
        {%- endif %}
    {%- endfor %}

),

-- Where no click of the network tells whose it was, its own claim on the order does.
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

),

-- Each touch with its order once, before the models multiply it.
touches as (

    select
        paths.order_key,
        paths.touch_number,
        paths.touch_count,
        paths.touchpoint_id,
        paths.touched_at,
        paths.channel,
        paths.network,
        paths.is_seen_by_shop,
        held.network is not null as is_withheld,
        coalesce(paths.publisher_id, publishers.publisher_id) as publisher_id,
        paths.utm_source,
        paths.utm_medium,
        paths.utm_campaign,
        {{ of_order }}
    from {{ ref('int_paths__built') }} as paths
    inner join {{ ref('fct_orders') }} as o on paths.order_key = o.order_key
    left join publishers on paths.order_key = publishers.order_key and paths.network = publishers.network
    left join {{ ref('int_networks__held') }} as held on paths.network = held.network

),

lines as (

    select
        touches.*,
        parts.attribution_model,
        parts.credit_fraction,
        {{ from_minor_units('parts.part', 'touches.minor_unit_digits') }} as credited_size
    from parts
    inner join touches on parts.order_key = touches.order_key and parts.touch_number = touches.touch_number
    union all
    select
        o.order_key,
        cast(null as integer) as touch_number,
        coalesce(paths.touch_count, 0) as touch_count,
        cast(null as varchar) as touchpoint_id,
        cast(null as timestamp) as touched_at,
        'unattributed' as channel,
        cast(null as varchar) as network,
        cast(null as boolean) as is_seen_by_shop,
        false as is_withheld,
        cast(null as varchar) as publisher_id,
        cast(null as varchar) as utm_source,
        cast(null as varchar) as utm_medium,
        cast(null as varchar) as utm_campaign,
        {{ of_order }},
        u.attribution_model,
        {{ money('1') }} as credit_fraction,
        {{ money('abs(' ~ round_to_minor_unit('o.commissionable_amount', 'o.minor_unit_digits') ~ ')') }} as credited_size
    from uncredited as u
    inner join {{ ref('fct_orders') }} as o on u.order_key = o.order_key
    left join {{ ref('int_paths__built') }} as paths on u.order_key = paths.order_key and paths.touch_number = 1

)

{%- set signed_size = 'case when commissionable_amount < 0 then -credited_size else credited_size end' %}

select
    order_key || ':' || attribution_model || ':' || coalesce(touchpoint_id, '') as credit_key,
    order_key,
    shop,
    order_id,
    ordered_at,
    attribution_model,
    touchpoint_id,
    touch_number,
    cast(touch_count as integer) as touch_count,
    touched_at,
    channel,
    network,
    is_seen_by_shop,
    is_withheld,
    publisher_id,
    utm_source,
    utm_medium,
    utm_campaign,
    credit_fraction,
    {{ money(signed_size) }} as credited_revenue,
    currency,
    {{ times_rate(signed_size, 'fx_rate') }} as credited_revenue_reporting,
    reporting_currency
from lines
