"""One network of a brand whose published figures ask for corrections, for the networks beside Awin."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import duckdb
import pytest

from affiliate_assets.connectors.corrections import Instruction
from affiliate_assets.connectors.language import RateLimit
from affiliate_assets.demo import demo_secrets, write_configuration
from affiliate_assets.landing.night import run_network
from affiliate_assets.networks import api_connectors
from affiliate_assets.sandbox import Call, Sandbox, World, WorldConfig, build_world
from affiliate_assets.settings import Settings, load_settings
from tests.unit.corrections import Conversion, publish, with_enterprise_ids

MORNING = datetime(2026, 1, 26, 3, tzinfo=UTC)
NOON = MORNING + timedelta(hours=9)
LATEST = "(select * from valid_{table} qualify row_number() over (partition by _key order by _observed_at desc) = 1)"
# Account, id, order, status, sale, currency, publisher, sale's time; and what a record shows of status and sale.
PENDING = {
    "cj": """
        select _account_id, original_action_id, min(order_id), 'pending', min(sale_amount_adv_currency), 'EUR', '',
               min(event_date)
        from {cj.commissions} where _account_id = '4410927'
        group by all
        having count(distinct commission_id) = 1 and max(action_status) = 'new' and min(action_type) = 'sim_sale'
            and min(order_id) is not null and min(sale_amount_adv_currency) > 10
        order by 2 limit 6
    """,
    "commission_factory": """
        select _account_id, id::varchar, order_id, 'pending', sale_value, 'GBP', '', date_created
        from {commission_factory.transactions}
        where _account_id = '61204' and status2 = 'Pending' and sale_value > 10 and order_id is not null
            and amended_reason is null
        qualify count(*) over (partition by order_id) = 1
        order by id limit 6
    """,
    "impact": """
        select _account_id, id, oid, 'pending', amount, currency, '', event_date from {impact.actions}
        where _account_id = 'IRAcmeDemo0001.1450' and state = 'PENDING' and intended_amount = amount and amount > 10
        order by id limit 6
    """,
    "partnerize": """
        select _account_id, conversion_id, min(conversion_reference), 'pending', sum(item_amount), min(currency), '',
               min(conversion_time)
        from {partnerize.conversion_items}
        where _account_id = (select min(_account_id) from {partnerize.conversion_items})
        group by all having count(*) = 1 and min(item_status) = 'pending' and sum(item_amount) > 10
        order by 2 limit 6
    """,
    "tune": """
        select _account_id, tune_event_id, advertiser_info, 'pending', sale_amount, currency, '', datetime
        from {tune.conversions}
        where _account_id = 'acmeus' and status = 'pending' and goal_id = '0' and sale_amount > 10
        order by tune_event_id limit 6
    """,
}
SHOWN = {
    "cj": "select original_action_id, '', sum(sale_amount_adv_currency) from {cj.commissions} group by 1",
    "commission_factory": "select id::varchar, status2, sale_value from {commission_factory.transactions}",
    "impact": "select id, state, amount from {impact.actions}",
    "partnerize": """
        select conversion_id, min(item_status), sum(item_amount) from {partnerize.conversion_items} group by 1
    """,
    "tune": "select tune_event_id, status, sale_amount from {tune.conversions}",
}
WORDS = {
    "commission_factory": {"approve": "Locked", "decline": "Void", "amend": "Pending"},
    "impact": {"decline": "REVERSED", "amend": "PENDING"},
    "partnerize": {"approve": "approved", "decline": "rejected", "amend": "pending"},
    "tune": {"approve": "approved", "decline": "rejected"},
}


@dataclass
class Asked:
    """One network of a brand whose published figures ask for corrections."""

    network: str
    settings: Settings
    sandbox: Sandbox
    before: int

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        sql = re.sub(r"\{(\w+\.\w+)\}", lambda found: LATEST.format(table=found[1]), sql)
        with duckdb.connect(str(self.settings.warehouse), read_only=True) as warehouse:
            return warehouse.execute(sql).fetchall()

    def pull(self, at: datetime) -> None:
        self.sandbox.set_clock(at)
        connector = replace(api_connectors()[self.network], limits=(RateLimit(1_000, timedelta(seconds=1)),))
        run_network(
            self.settings,
            connector,
            requested=None,
            follow_changes=True,
            run_id=f"run-{at:%d}",
            as_of=at,
        )

    @property
    def calls(self) -> list[Call]:
        return [call for call in self.sandbox.calls[self.before :] if call.network == self.network]

    def times_told(self, instructions: tuple[Instruction, ...]) -> Counter[str]:
        """How often each instruction was named in a call that reached the sandbox, by instruction id."""
        found: Counter[str] = Counter()
        for told in instructions:
            name = str(
                told.order_id if self.network == "cj" else told.details.get("conversion_item_id", told.record_id)
            )
            found[told.instruction_id] = sum(_mentions(call, name) for call in self.calls)
        return +found

    def forget(self) -> None:
        """Let the sandbox begin anew: the world as it was, and no calls."""
        self.sandbox.desks.forget(self.network)
        self.before = len(self.sandbox.calls)


def _mentions(call: Call, name: str) -> bool:
    """Whether a call names a record as a whole value or key."""
    return f'"{name}"' in call.query or name in dict(parse_qsl(call.query)).values()


def world_of_corrections() -> World:
    """A month of the networks that take corrections, beside Awin."""
    return build_world(WorldConfig(seed=7, start=date(2026, 1, 1), days=25, orders_per_day=40, networks=tuple(PENDING)))


@contextmanager
def serving(network: str, world: World, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """Serve the world, pull the network, and publish a difference of each kind."""
    # A dripping answer lasts until whoever waits for it is killed, on a slow machine too.
    with Sandbox(world, clock=MORNING, limits=dict.fromkeys(PENDING, 10_000), drip_seconds=120) as sandbox:
        write_configuration(sandbox, world, folder / "affiliate.toml", data="data")
        for name, value in demo_secrets(sandbox).items():
            patch.setenv(name, value)
        settings = with_enterprise_ids(load_settings(folder / "affiliate.toml"))
        served = Asked(network, settings, sandbox, 0)
        served.pull(MORNING)
        # Or what is sent at the published limits would first wait for a minute, because of these calls.
        for file in settings.data.glob("state/rate_budgets.sqlite*"):
            file.unlink()
        rows: list[Conversion] = served.query(PENDING[network])  # type: ignore[assignment]
        assert len(rows) == 6
        publish(served.settings, network, rows)
        sandbox.set_clock(NOON)
        served.before = len(sandbox.calls)
        yield served
