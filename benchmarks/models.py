"""`dbt build` on a warehouse of a given size: `python -m benchmarks.models prepare|build|copy FOLDER ROWS`.

The warehouse is filled by SQL straight into the valid tables: what is measured is dbt and the models alone.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DBT_PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
# A build that takes longer is reported as not finished.
DBT_SECONDS = 3_600
LOAD = "'page' as _page_id, 'load' as _load_id, 'run' as _run_id"

# Row i is order i, conversion i (even: Awin, odd: CJ), and touches 2i and 2i + 1. Of the conversions 2 % name an order
# that does not exist and 3 % another amount; 7 % are declined. Three customers in seven order twice.
FACTS = """
create temp table facts as
select
    i, i % 2 = 0 as is_awin, hash(i) % 100 as luck,
    timestamp '2026-01-01' + to_microseconds(i * (25_920_000_000_000 // {rows})) as ordered_at,
    cast(500 + hash(i + 7) % 40000 as decimal(18, 6)) * 0.01 as sale,
    md5((hash(i) % (7 * {rows} // 10 + 1))::varchar) as customer
from range({rows}) as t(i)
"""

# Of the temporary table `facts`: i, luck, ordered_at, sale and customer.
ORDERS = f"""
    select 'ORD-' || i as order_id, 'shop' as shop, ordered_at, ordered_at as updated_at,
        case when luck >= 93 then 'cancelled' else 'paid' end as status, 'EUR' as currency, sale as subtotal,
        0 as discount, 5 as shipping, sale * 0.19 as tax, sale * 1.19 + 5 as total, 0 as refunded,
        0 as refunded_subtotal, customer as customer_hash, 'new' as customer_type, 'shop' as _account_id,
        order_id as _key, md5(i::varchar) as _row_hash, ordered_at as _observed_at, {LOAD}
    from facts"""

# Two before each order: a click of Awin (is_awin) or CJ, and one of Google.
TOUCHPOINTS = f"""
    select 'T' || (2 * i + n) as touch_id, 'shop' as shop,
        ordered_at - (case n when 0 then interval 2 day else interval 1 hour end) as occurred_at,
        customer as visitor_hash, customer as customer_hash,
        case n when 0 then 'partner' else 'google' end as utm_source,
        case n when 0 then 'affiliate' else 'cpc' end as utm_medium, 'spring' as utm_campaign,
        'https://shop.example/?utm_source=x'
            || case when n = 1 then '&gclid=' when is_awin then '&awc=' else '&cjevent=' end || md5(i::varchar)
            as landing_url,
        'www.partner.example' as referrer_host, 'shop' as _account_id, touch_id as _key,
        md5((2 * i + n)::varchar) as _row_hash, occurred_at as _observed_at, {LOAD}
    from facts cross join range(2) as touches(n)"""

_FILL = {
    "valid_crm.orders": ORDERS,
    "valid_crm.touchpoints": TOUCHPOINTS,
    "valid_awin.transactions": f"""
        select i + 1 as id, 71204 as advertiser_id, 300000 + hash(i) % 2000 as publisher_id,
            'Publisher ' || publisher_id as site_name,
            case when luck >= 93 then 'declined' when luck < 50 then 'pending' else 'approved' end as commission_status,
            'Commission group transaction' as type, case when luck < 2 then 'NONE-' else 'ORD-' end || i as order_ref,
            ordered_at - interval 2 day as click_date, ordered_at as transaction_date,
            case when luck >= 50 then ordered_at + interval 30 day end as validation_date,
            case when luck in (2, 3, 4) then sale + 1 else sale end as sale_amount, 'EUR' as sale_currency,
            sale * 0.07 as commission_amount, 'EUR' as commission_currency, false as amended, 0 as payment_id,
            '71204' as _account_id, id::varchar as _key, md5(i::varchar) as _row_hash, ordered_at as _observed_at,
            {LOAD}
        from facts where is_awin""",
    "valid_cj.commissions": f"""
        select (i + 1)::varchar as commission_id, commission_id as original_action_id, true as original,
            case when luck < 2 then 'NONE-' else 'ORD-' end || i as order_id, (hash(i) % 2000)::varchar as publisher_id,
            'Publisher ' || publisher_id as publisher_name, '5551' as advertiser_id, 'sim_sale' as action_type,
            ordered_at - interval 2 day as click_date, ordered_at as event_date, ordered_at as posting_date,
            ordered_at + interval 30 day as locking_date,
            case when luck < 50 then 'new' else 'locked' end as action_status,
            case when luck >= 93 then 'DECLINED' else 'ACCEPTED' end as validation_status,
            case when luck in (2, 3, 4) then sale + 1 else sale end as sale_amount_adv_currency,
            sale * 0.08 as pub_commission_amount_usd, sale * 0.09 as adv_commission_amount_adv_currency,
            '5551' as _account_id, commission_id as _key, md5(i::varchar) as _row_hash, ordered_at as _observed_at,
            {LOAD}
        from facts where not is_awin""",
}


def warehouse_of(folder: Path) -> Path:
    """Where the steps of one folder keep what they fill and build."""
    return folder / "models" / "affiliate.duckdb"


@contextmanager
def new_warehouse(folder: Path) -> Iterator[DuckDBPyConnection]:
    """The tables of every network and of the shop, of a brand that began with 2026; nothing is in them yet."""
    from affiliate_assets.crm.streams import CRM
    from affiliate_assets.landing.tables import create_tables
    from affiliate_assets.landing.warehouse import connection
    from affiliate_assets.networks import all_connectors

    with connection(warehouse_of(folder)) as warehouse:
        for connector in all_connectors().values():
            create_tables(warehouse, connector.slug, connector.streams)
        create_tables(warehouse, "crm", CRM.streams)
        warehouse.execute("insert into config.brand values ('Benchmark', 'EUR', 'UTC', '2026-01-01', '2026-11-15')")
        yield warehouse


def prepare(folder: Path, rows: int) -> dict[str, Any]:
    """Fill a new warehouse."""
    with new_warehouse(folder) as warehouse:
        for network, account_id in (("awin", "71204"), ("cj", "5551")):
            warehouse.execute("insert into config.accounts values (?, ?, ?, 'EUR')", [network, account_id, account_id])
        warehouse.execute(FACTS.format(rows=rows))
        for table, query in _FILL.items():
            warehouse.execute(f"insert into {table} by name {query}")
    return {"warehouse_mb": warehouse_of(folder).stat().st_size / 1e6}


def build(folder: Path, rows: int) -> dict[str, Any]:
    """The nightly build, as Dagster calls it, but with nothing parsed before."""
    return run_dbt(folder, ("build", "--exclude", "resource_type:unit_test"))


def build_marts(folder: Path, select: str) -> dict[str, Any]:
    """From staging to the selected marts, with start and a full parse, without tests."""
    seeds = run_dbt(folder, ("seed",))
    found = run_dbt(folder, ("run", "--select", select))
    return found | {"problem": seeds["problem"] or found["problem"]}


def marts_lines(build: Mapping[str, Any]) -> list[str]:
    """What `build_marts` took, as lines of the table of a section: step, seconds, peak MB."""
    return [
        "| step | seconds | peak MB |",
        "| --- | ---: | ---: |",
        f"| staging → marts, first model to last | {build['models_seconds']:.1f} | {build['peak_mb']:,.0f} |",
        f"| the same with the start of dbt and a full parse, as on the first night | {build['seconds']:.1f} | |",
    ]


def slowest_models(build: Mapping[str, Any]) -> str:
    """The sentences that end a section."""
    slowest = ", ".join(f"{name.split()[-1]} {seconds:.1f} s" for name, seconds in build["slowest"])
    return f"Slowest: {slowest}." + (f" dbt did not end well: {build['problem']}" if build["problem"] else "")


def run_dbt(folder: Path, arguments: tuple[str, ...]) -> dict[str, Any]:
    """dbt in a process of its own, the only child of this one."""
    command = [
        str(Path(sys.executable).parent / "dbt"), "--quiet", *arguments,
        "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT),
        "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
    ]  # fmt: skip
    environment = {**os.environ, "AFFILIATE_WAREHOUSE": str(warehouse_of(folder))}
    started = perf_counter()
    try:
        finished = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=DBT_SECONDS, check=False
        )
        problem = "" if finished.returncode == 0 else finished.stdout[-2000:]
    except subprocess.TimeoutExpired:
        problem = f"not finished after {DBT_SECONDS} s"
    seconds = perf_counter() - started
    unit = 2**20 if sys.platform == "darwin" else 2**10
    results = folder / "target" / "run_results.json"
    nodes = json.loads(results.read_text(encoding="utf-8"))["results"] if results.is_file() else []
    steps = [step for node in nodes for step in node["timing"]]
    edges = sorted([step["started_at"] for step in steps] + [step["completed_at"] for step in steps])
    span = datetime.fromisoformat(edges[-1]) - datetime.fromisoformat(edges[0]) if edges else timedelta(0)
    timed = sorted(((node["execution_time"], node["unique_id"]) for node in nodes), reverse=True)
    return {
        "seconds": seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit,
        "problem": problem,
        "nodes": len(timed),
        "models_seconds": span.total_seconds(),
        "nodes_seconds": sum(seconds for seconds, _ in timed),
        "slowest": [[name.split(".", 2)[0] + " " + name.split(".")[2], seconds] for seconds, name in timed[:8]],
        "warehouse_mb": warehouse_of(folder).stat().st_size / 1e6,
    }


def copy(folder: Path, rows: int) -> dict[str, Any]:
    """The floor of a build: the largest mart written once more by a plain `create table as select`."""
    import duckdb

    with duckdb.connect(str(warehouse_of(folder))) as connection:
        (table, table_rows) = connection.execute(
            "select schema_name || '.' || table_name, estimated_size from duckdb_tables()"
            " where schema_name in ('marts', 'intermediate') order by estimated_size desc, table_name limit 1"
        ).fetchall()[0]
        started = perf_counter()
        connection.execute(f"create table floor as select * from {table}")
        seconds = perf_counter() - started
    return {"seconds": seconds, "table": table, "rows": table_rows}


STEPS: dict[str, Callable[[Path, int], dict[str, Any]]] = {step.__name__: step for step in (prepare, build, copy)}

if __name__ == "__main__":
    name, folder, rows = sys.argv[1:]
    sys.stdout.write(json.dumps(STEPS[name](Path(folder), int(rows))) + "\n")
