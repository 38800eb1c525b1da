"""Attribution of many touches: `python -m benchmarks.attribution [TOUCHES]`, or a step of it with a folder.

The valid tables are filled by SQL: a tenth as many orders as touches, of customers of whom three in seven order twice.
Two touches in five are those of buyers, one to seven before each order; the others are of visitors who never order. Of
the pages 35 % have an affiliate's click id, 25 % Google's, 15 % a newsletter's tags; the rest come from a search engine
or from nowhere. Then dbt builds the marts of attribution and whatever they need, with every model, and beside it runs
one query that a person would write for the models by rule alone: no versions, no sessions, no repeated clicks, no
journeys without an order, shares as doubles.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.apart import run_step, step_or_page
from benchmarks.models import LOAD, ORDERS, build_marts, marts_lines, new_warehouse, slowest_models, warehouse_of

TOUCHES = 10_000_000
_LONGEST_PATH = 7

_ORDERS = f"""
create temp table facts as
select
    i, hash(i) % 100 as luck, 1 + cast(hash(i + 11) % {_LONGEST_PATH} as integer) as length,
    timestamp '2026-01-01' + to_microseconds(i * (25_920_000_000_000 // {{orders}})) as ordered_at,
    cast(500 + hash(i + 7) % 40000 as decimal(18, 6)) * 0.01 as sale,
    md5((hash(i) % (7 * {{orders}} // 10 + 1))::varchar) as customer
from range({{orders}}) as t(i)
"""

_SEEN = """
create temp table seen as
select
    customer as visitor, customer, i * 100 + n as id,
    ordered_at - to_seconds(1 + (hash(i * 100 + n) % 1296000) * (length - n) / length) as occurred_at
from facts, lateral (select unnest(range(length)) as n) as numbers;
insert into seen
select
    md5('v' || hash(i) % greatest(({touches} - (select count(*) from seen)) // 2, 1)), null, -1 - i,
    timestamp '2026-01-01' + to_seconds(hash(i + 3) % 25920000)
from range({touches} - (select count(*) from seen)) as t(i)
"""

_FILL = {
    "valid_crm.orders": ORDERS,
    "valid_crm.touchpoints": f"""
        select 'T' || id as touch_id, 'shop' as shop, occurred_at, visitor as visitor_hash, customer as customer_hash,
            case when kind < 35 then 'partner' when kind < 60 then 'google' when kind < 75 then 'newsletter' end
                as utm_source,
            case when kind < 35 then 'affiliate' when kind < 60 then 'cpc' when kind < 75 then 'email' end
                as utm_medium,
            case when kind < 75 then 'campaign-' || hash(id + 1) % 12 end as utm_campaign,
            'https://shop.example/' || case
                when kind < 20 then '?utm_source=x&awc=71204_'
                when kind < 35 then '?cjevent='
                when kind < 60 then '?utm_source=g&gclid='
                when kind < 75 then '?utm_source=newsletter&m='
                else 'p/'
            end || md5(id::varchar) as landing_url,
            case when kind >= 85 then 'www.google.com' when kind >= 75 then null else 'www.partner.example' end
                as referrer_host,
            'shop' as _account_id, touch_id as _key, md5(id::varchar) as _row_hash, occurred_at as _observed_at, {LOAD}
        from (select *, hash(id + 5) % 100 as kind from seen)""",
}

_RULES = """
create table floor as
with touches as (
    select
        touch_id, occurred_at, customer_hash, utm_source, utm_campaign,
        case
            when landing_url like '%awc=%' or landing_url like '%cjevent=%' then 'affiliate'
            when landing_url like '%gclid=%' then 'paid'
            when utm_medium = 'email' then 'email'
            when referrer_host like '%google%' then 'organic'
            when referrer_host is null then 'direct'
            else 'referral'
        end as channel
    from valid_crm.touchpoints
    where customer_hash is not null
),
paths as (
    select
        o.order_id, o.ordered_at, t.*,
        case when o.status = 'cancelled' then 0 else o.subtotal - o.discount end as amount,
        row_number() over path as n,
        count(*) over whole as c,
        max(case when t.channel <> 'direct' then t.occurred_at end) over whole as last_other_at,
        max(case when t.channel = 'affiliate' then t.occurred_at end) over whole as last_affiliate_at,
        power(2, -epoch(o.ordered_at - t.occurred_at) / 604800) as decayed,
        sum(power(2, -epoch(o.ordered_at - t.occurred_at) / 604800)) over whole as all_decayed
    from valid_crm.orders as o
    inner join touches as t
        on
            o.customer_hash = t.customer_hash and t.occurred_at <= o.ordered_at
            and t.occurred_at >= o.ordered_at - interval 30 day
    window
        whole as (partition by o.order_id),
        path as (partition by o.order_id order by t.occurred_at, t.touch_id)
),
shares as (
    select
        *,
        case when n = 1 then 1 else 0 end as first,
        case when n = c then 1 else 0 end as last,
        case when occurred_at = coalesce(last_other_at, occurred_at) and (last_other_at is not null or n = c) then 1
            else 0 end as last_non_direct,
        1 / c as linear,
        case when c <= 2 then 1 / c when n in (1, c) then 0.4 else 0.2 / (c - 2) end as position,
        case when c <= 3 then 1 / c when n in (1, (c + 1) // 2, c) then 0.3 else 0.1 / (c - 3) end as w_shape,
        decayed / all_decayed as time_decay,
        case when occurred_at = last_affiliate_at then 1 else 0 end as affiliate_last_click
    from paths
)
select
    order_id, ordered_at, n, c, touch_id, occurred_at, channel, utm_source, utm_campaign,
    columns('^(first|last|last_non_direct|linear|position|w_shape|time_decay|affiliate_last_click)$'),
    amount * columns('^(first|last|last_non_direct|linear|position|w_shape|time_decay|affiliate_last_click)$')
        as '\\1_revenue'
from shares
"""


def prepare(folder: Path, touches: int) -> dict[str, Any]:
    """Fill a new warehouse."""
    with new_warehouse(folder) as warehouse:
        warehouse.execute(_ORDERS.format(orders=touches // 10))
        warehouse.execute(_SEEN.format(touches=touches))
        for table, query in _FILL.items():
            warehouse.execute(f"insert into {table} by name {query}")
    return {"warehouse_mb": warehouse_of(folder).stat().st_size / 1e6}


def build(folder: Path, touches: int) -> dict[str, Any]:
    """From staging to the marts of attribution."""
    return build_marts(folder, "+marts.attribution")


def floor(folder: Path, touches: int) -> dict[str, Any]:
    """The models by rule in one query.

    Raises:
        SystemExit: It credits a channel otherwise than the mart does.
    """
    import duckdb

    with duckdb.connect(str(warehouse_of(folder))) as connection:
        connection.execute("set threads = 2")
        started = perf_counter()
        connection.execute(_RULES)
        seconds = perf_counter() - started
        far = connection.execute(
            """
            with ours as (
                select channel, count(*) as touches, sum(linear_credit_fraction) as linear,
                    sum(position_credit_fraction) as position, sum(w_shape_credit_fraction) as w_shape,
                    sum(time_decay_credit_fraction) as time_decay
                from marts.fct_attribution_touches where touch_number > 0 group by channel
            ),
            theirs as (
                select channel, count(*) as touches, sum(linear) as linear, sum(position) as position,
                    sum(w_shape) as w_shape, sum(time_decay) as time_decay
                from floor group by channel
            )
            select * from ours full join theirs using (channel)
            where ours.touches is distinct from theirs.touches
                or greatest(
                    abs(ours.linear - theirs.linear), abs(ours.position - theirs.position),
                    abs(ours.w_shape - theirs.w_shape), abs(ours.time_decay - theirs.time_decay)
                ) > theirs.touches * 1e-6
            """
        ).fetchall()
        (lines,) = connection.execute("select count(*) from floor").fetchall()[0]
    if far:
        raise SystemExit(f"the query credits otherwise than the mart: {far}")
    return {"seconds": seconds, "touches_of_orders": lines}


def page(touches: int = TOUCHES) -> list[str]:
    """Measured, as a section of the results; each step in a process of its own, so that its peak memory is its own."""
    with tempfile.TemporaryDirectory(prefix="affiliate_benchmark_") as folder:
        _, built, passed = (run_step("attribution", step.__name__, folder, touches) for step in STEPS)
    return [
        f"## Attribution of {touches:,} touches and {touches // 10:,} orders",
        "",
        "Two touches in five are those of buyers, one to seven before each order, the others of visitors who never"
        " order. All models are built, by rule and data-driven, from staging to the marts of attribution, without"
        " tests. The query beside it credits the same touches by the models by rule alone, in one pass: it knows no"
        " versions, sessions, repeated clicks and journeys without an order, and shares are doubles; its sums of"
        " each model and channel are the mart's.",
        "",
        *marts_lines(built),
        f"| floor: one query for the models by rule | {passed['seconds']:.1f} | |",
        "",
        f"{built['models_seconds'] / passed['seconds']:.1f} times the floor; {built['nodes']} models,"
        f" {passed['touches_of_orders']:,} touches on paths of orders. {slowest_models(built)}",
    ]


STEPS = (prepare, build, floor)

if __name__ == "__main__":
    step_or_page(STEPS, page)
