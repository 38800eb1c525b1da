{%- set comparison = 'attribution_model, comparison_level, measured_from_date, measured_to_date' -%}
with measured as (

    select * from {{ ref('int_incrementality__combined') }}

),

spans as (

    select distinct comparison_level, measured_from_date, measured_to_date, measured_from_at, measured_to_at
    from measured

),

counted as (

    select s.comparison_level, s.measured_from_date, s.measured_to_date, count(*) as span_orders
    from spans as s
    inner join {{ ref('fct_orders') }} as o on o.ordered_at >= s.measured_from_at and o.ordered_at < s.measured_to_at
    group by s.comparison_level, s.measured_from_date, s.measured_to_date

),

placed as (

    select
        t.*,
        s.comparison_level,
        s.measured_from_date,
        s.measured_to_date,
        case when s.comparison_level = 'publisher' then t.network end as measured_network,
        case when s.comparison_level = 'publisher' then t.publisher_id end as measured_publisher_id
    from spans as s
    inner join {{ ref('fct_attribution_touches') }} as t
        on t.ordered_at >= s.measured_from_at and t.ordered_at < s.measured_to_at

),

{{ summed_credits(
    'placed',
    ['comparison_level', 'measured_from_date', 'measured_to_date', 'channel', 'measured_network', 'measured_publisher_id'],
    {'credit': 'cast(sum({credit}) * 1000000 as bigint)'}
) }},

-- Whoever was measured stands beside every model, also one that credits it nothing.
compared as (

    select
        models.attribution_model,
        m.comparison_level,
        m.measured_from_date,
        m.measured_to_date,
        m.channel,
        m.network,
        m.publisher_id,
        held.withheld_reason,
        counted.span_orders,
        coalesce(c.credit, 0) as credit,
        m.measured_fraction
    from measured as m
    inner join counted
        on
            m.comparison_level = counted.comparison_level
            and m.measured_from_date = counted.measured_from_date
            and m.measured_to_date = counted.measured_to_date
    cross join {{ all_attribution_models() }} as models
    left join {{ ref('int_networks__held') }} as held on m.network = held.network
    left join summed as c
        on
            models.attribution_model = c.attribution_model
            and m.comparison_level = c.comparison_level
            and m.measured_from_date = c.measured_from_date
            and m.measured_to_date = c.measured_to_date
            and m.channel = c.channel
            and coalesce(m.network, '') = coalesce(c.measured_network, '')
            and coalesce(m.publisher_id, '') = coalesce(c.measured_publisher_id, '')

),

-- Everybody else is one more part of both sides, so that both are all orders. Shares that come to more than all orders
-- are parts of no whole, and leave it unknown.
others as (

    select
        attribution_model,
        comparison_level,
        measured_from_date,
        measured_to_date,
        'not_measured' as channel,
        cast(null as varchar) as network,
        cast(null as varchar) as publisher_id,
        cast(null as varchar) as withheld_reason,
        max(span_orders) as span_orders,
        cast(max(span_orders) * 1000000 - sum(credit) as bigint) as credit,
        case when sum(measured_fraction) <= 1 then 1 - sum(measured_fraction) end as measured_fraction
    from compared
    group by attribution_model, comparison_level, measured_from_date, measured_to_date

),

parts as (

    select * from compared
    union all
    select * from others

),

-- In whole millionths of all orders; what cutting them leaves goes to the largest remainders.
cut as (

    select
        *,
        {{ whole_quotient('credit', 'span_orders') }} as share,
        row_number() over (
            partition by {{ comparison }}
            order by mod(credit, span_orders) desc, channel, network, publisher_id
        ) as remainder_rank
    from parts

),

shared as (

    select
        *,
        {{ from_units('share + case when remainder_rank <= 1000000 - shares then 1 else 0 end', 6) }} as credited_fraction
    from (
        select *, sum(share) over (partition by {{ comparison }}) as shares from cut
    ) as summed

)

-- Which touches are a publisher's own is known from its network, so of a held one the share is not.
select
    attribution_model,
    comparison_level,
    measured_from_date,
    measured_to_date,
    channel,
    network,
    publisher_id,
    withheld_reason,
    cast(span_orders as bigint) as span_orders,
    case when withheld_reason is null then {{ money('credited_fraction') }} end as credited_fraction,
    {{ money('measured_fraction') }} as measured_fraction,
    case when withheld_reason is null then {{ money('credited_fraction - measured_fraction') }} end
        as difference_fraction
from shared
