{#- Of a model that gives all to one touch, nothing has to be split. -#}
{%- set whole = ['first', 'last', 'last_non_direct', 'affiliate_last_click'] -%}
{%- set computed = computed_attribution_models() -%}
{#- Time decay alone is worked out for each order, all others for each path. -#}
{%- set fractions = {} -%}
{%- for model in computed -%}
    {%- do fractions.update(
        {model: 'decayed.credit_fraction' if model == 'time_decay' else 'ruled.' ~ model ~ '_credit_fraction'}
    ) -%}
{%- endfor -%}
{%- set shared = computed | reject('in', whole) | list -%}
{%- set parts = {} -%}
{%- for model in shared -%}
    {%- do parts.update({model ~ '_units': ['units', model ~ '_weight', 'weights']}) -%}
{%- endfor -%}
{%- set of_order -%}
o.shop, o.order_id, o.ordered_at, o.amount, o.minor_unit_digits, o.currency, o.fx_rate, o.reporting_currency
{%- endset -%}

-- Where no click of the network tells whose it was, its own claim on the order does.
with publishers as (

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

credited as (

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
        {{ of_order }},
        {%- for model, fraction in fractions.items() %}
        {{ fraction }} as {{ model }}_credit_fraction,
        {%- endfor %}
        {%- for model in shared %}
        cast(coalesce({{ fractions[model] }}, 0) * 1000000 as bigint) as {{ model }}_weight,
        {%- endfor %}
        cast(1000000 as bigint) as weights,
        o.units
    from {{ ref('int_paths__built') }} as paths
    inner join {{ ref('int_paths__of_orders') }} as o on paths.order_key = o.order_key
    inner join {{ ref('int_credits__by_path') }} as ruled
        on o.path_number = ruled.path_number and paths.touch_number = ruled.touch_number
    {%- if 'time_decay' in computed %}
    -- Of a touch long ago nothing may be left.
    left join {{ ref('int_credits__time_decay') }} as decayed
        on paths.order_key = decayed.order_key and paths.touch_number = decayed.touch_number
    {%- endif %}
    left join publishers on paths.order_key = publishers.order_key and paths.network = publishers.network
    left join {{ ref('int_networks__held') }} as held on paths.network = held.network

),

{{ split_by_largest_remainder('credited', 'order_key', parts) }},

-- Nobody is paid for a path without an affiliate touch, and a brand's own model may know none of its touches.
uncredited as (

    select
        o.order_key,
        o.touch_count,
        {{ of_order }},
        case when o.path_number is null then {{ money('1') }} end as credit_fraction,
        case when o.path_number is null then o.amount end as credited_revenue,
        case when paid.path_number is null then {{ money('1') }} end as affiliate_last_click_credit_fraction,
        case when paid.path_number is null then o.amount end as affiliate_last_click_credited_revenue
    from {{ ref('int_paths__of_orders') }} as o
    left join {{ ref('int_credits__affiliate_last_click') }} as paid on o.path_number = paid.path_number
    left join (
        select distinct order_key
        from {{ ref('fct_attribution_custom_credits') }}
        where touch_number = 0
    ) as own on o.order_key = own.order_key
    where paid.path_number is null or own.order_key is not null

)

{%- set columns = 'shop, order_id, ordered_at, currency, fx_rate, reporting_currency' %}

select
    order_key,
    touch_number,
    {{ columns }},
    touch_count,
    touchpoint_id,
    touched_at,
    channel,
    network,
    is_seen_by_shop,
    is_withheld,
    publisher_id,
    utm_source,
    utm_medium,
    utm_campaign
    {%- for model in defined_attribution_models() %},
    {%- if model not in computed %}
    {{ money('null') }} as {{ model }}_credit_fraction,
    {{ money('null') }} as {{ model }}_credited_revenue
    {%- elif model in whole %}
    {{ model }}_credit_fraction,
    case when {{ model }}_credit_fraction is not null then amount end as {{ model }}_credited_revenue
    {%- else %}
    {{ model }}_credit_fraction,
    case
        when {{ model }}_credit_fraction is not null
            then {{ signed_from_minor_units(model ~ '_units', 'minor_unit_digits', 'amount') }}
    end as {{ model }}_credited_revenue
    {%- endif %}
    {%- endfor %}
from split

union all

select
    order_key,
    cast(0 as integer) as touch_number,
    {{ columns }},
    touch_count,
    cast(null as varchar) as touchpoint_id,
    cast(null as timestamp) as touched_at,
    'unattributed' as channel,
    cast(null as varchar) as network,
    cast(null as boolean) as is_seen_by_shop,
    false as is_withheld,
    cast(null as varchar) as publisher_id,
    cast(null as varchar) as utm_source,
    cast(null as varchar) as utm_medium,
    cast(null as varchar) as utm_campaign
    {%- for model in defined_attribution_models() %},
    {%- if model not in computed %}
    {{ money('null') }},
    {{ money('null') }}
    {%- elif model == 'affiliate_last_click' %}
    affiliate_last_click_credit_fraction,
    affiliate_last_click_credited_revenue
    {%- else %}
    credit_fraction,
    credited_revenue
    {%- endif %}
    {%- endfor %}
from uncredited
