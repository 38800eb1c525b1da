"""What holds of every declared network, and of a toy that is declared by the tests alone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import polars as pl
import pytest

from affiliate_assets.sandbox import EVERY_FAULT, NETWORKS, Sandbox, World, WorldConfig, build_world
from affiliate_assets.sandbox.hits import anonymous
from affiliate_assets.sandbox.limits import Budget
from affiliate_assets.sandbox.money import to_decimal
from affiliate_assets.sandbox.network import Breach, Network, Setting
from affiliate_assets.sandbox.people import COMPANIES
from affiliate_assets.sandbox.times import to_epoch
from affiliate_assets.sandbox.wire import Answer, Ask, Emulator, Tampering

from . import toy
from .http_client import Reply

SLUGS = [*sorted(NETWORKS), "toy"]
PROBED = [slug for slug in SLUGS if slug == "toy" or NETWORKS[slug].probe is not None]
Shown = dict[str, tuple[str, Decimal]]


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare the toy."""
    monkeypatch.setitem(NETWORKS, "toy", toy.NETWORK)


@pytest.fixture(scope="module")
def worlds() -> dict[str, World]:
    """Keep the worlds of the module."""
    return {}


@pytest.fixture
def world(slug: str, worlds: dict[str, World]) -> World:
    """Return a world of the network beside the default two."""
    networks = tuple(dict.fromkeys(("awin", "cj", slug)))
    if slug not in worlds:
        worlds[slug] = build_world(WorldConfig(seed=5, days=40, orders_per_day=15, networks=networks))
    return worlds[slug]


@pytest.fixture
def network(slug: str) -> Network:
    """Return the declaration."""
    return NETWORKS[slug]


class Reader:
    """Reads a network by its probe, as of an instant, straight from its emulator."""

    def __init__(self, world: World, network: Network, at: datetime, page_limit: int = 10_000) -> None:
        assert network.probe is not None
        self.probe, self.network, self.world, self.at = network.probe, network, world, to_epoch(at)
        self.secrets = Sandbox(world, at).credentials(network.slug)
        setting = Setting(world, network, network.accounts, self.secrets, Tampering(), page_limit)
        self.emulator: Emulator = network.emulator(setting)
        self.token: str | None = None
        self.answers: list[Answer] = []
        if self.probe.login is not None and self.probe.token is not None:
            self.token = self.probe.token(self.emulator.answer(self.probe.login(self.secrets), self.at))

    def asks(self) -> Iterator[tuple[Ask, list[tuple[str, str, Decimal]]]]:
        """Yield every call and what it shows."""
        end = to_epoch(self.world.end) + 90 * 86_400
        for account in self.network.accounts:
            for start in range(to_epoch(self.world.start) - 86_400, min(end, self.at + 1), self.probe.span):
                cursor = None
                for _ in range(1_000):
                    stop = start + self.probe.span
                    ask = self.probe.listing(self.secrets, self.token, account, start, stop, cursor)
                    self.answers.append(self.emulator.answer(ask, self.at))
                    found, cursor = self.probe.read(self.answers[-1])
                    yield ask, found
                    if cursor is None:
                        break
                else:
                    pytest.fail("pages without an end")

    def rows(self) -> list[tuple[str, str, Decimal]]:
        """Return every row shown."""
        return [row for _, found in self.asks() for row in found]


def late(world: World) -> datetime:
    """Return an instant by which some things are decided and others not."""
    return world.start + timedelta(days=45, hours=3)


@pytest.mark.parametrize("slug", SLUGS)
def test_declaration(slug: str, network: Network, world: World) -> None:
    """Names fit, ids are unique, companies are shared, a conversion's id is its own."""
    assert network.slug == slug
    assert len({account.account_id for account in network.accounts}) == len(network.accounts)
    assert len({publisher.publisher_id for publisher in network.publishers}) == len(network.publishers)
    known = {publisher.key for slug in ("awin", "cj") for publisher in NETWORKS[slug].publishers}
    assert {publisher.key for publisher in network.publishers} <= set(COMPANIES)
    assert {publisher.key for publisher in network.publishers} & known
    mine = world.conversions_of(slug)
    assert len(mine) > 20
    assert len({conversion.record_id for conversion in mine}) == len(mine)
    assert all("sandbox" in value for value in Sandbox(world, late(world)).credentials(slug).values())


@pytest.mark.parametrize("slug", SLUGS)
def test_rows_add_up_to_the_state(slug: str, network: Network, world: World) -> None:
    """Sales and commissions of the rows of a conversion sum to what is owed at the end."""
    sums: dict[str, tuple[int, int]] = {}
    for row in world.rows_of(slug):
        sale, commission = sums.get(row.conversion.record_id, (0, 0))
        sums[row.conversion.record_id] = sale + row.sale, commission + row.commission
    for conversion in world.conversions_of(slug):
        if conversion.record_id in sums and conversion.correction != "in_place":
            state = conversion.steps[-1]
            owed = 0 if state.void else state.sale
            assert sums[conversion.record_id] == (owed, conversion.commission(owed))


@pytest.mark.parametrize("slug", PROBED)
def test_credentials_are_asked_for(slug: str, network: Network, world: World) -> None:
    """No call shows a record without its credentials, and no answer repeats a secret."""
    reader = Reader(world, network, late(world))
    true = {ask.path: reader.emulator.answer(ask, reader.at) for ask, found in reader.asks() if found}
    words = [*reader.secrets.values(), reader.token or ""]
    for ask, found in reader.asks():
        if found:
            stripped = anonymous(ask, words)
            refused = reader.emulator.answer(stripped, reader.at)
            assert refused.rows == 0
            assert refused.body != true[ask.path].body
    assert reader.answers
    assert not any(value.encode() in answer.body for answer in reader.answers for value in reader.secrets.values())


@pytest.mark.parametrize("slug", PROBED)
def test_pages_join_without_doubles(slug: str, network: Network, world: World) -> None:
    """Small pages hold the same rows as large ones, each once but for what neighbouring windows share."""
    at = late(world)
    whole = set(Reader(world, network, at).rows())
    for limit in (7, 50):
        reader = Reader(world, network, at, limit)
        paged = reader.rows()
        assert set(paged) == whole
        assert len(paged) - len(whole) <= 3
    ids = [row[0] for row in whole]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("slug", PROBED)
def test_what_is_shown_is_the_truth_of_the_clock(slug: str, network: Network, world: World) -> None:
    """At every clock exactly the conversions of the truth show, with its sale amounts."""
    for days in (3, 20, 45, 80):
        now = world.start + timedelta(days=days, hours=3)
        shown: dict[str, Decimal] = {}
        for _, record_id, sale in set(Reader(world, network, now).rows()):
            shown[record_id] = shown.get(record_id, Decimal()) + sale
        mine = world.truth(now).filter((pl.col("side") == "network") & (pl.col("network") == slug))
        if network.tracker:
            # It tells what conversions bring, and the truth knows nothing of it.
            assert mine.is_empty()
            assert shown == _brought(world, slug, to_epoch(now)), days
            continue
        assert shown == dict(mine.select("record_id", "sale_amount").rows()), days


def _brought(world: World, slug: str, at: int) -> dict[str, Decimal]:
    """Return the commission on each conversion as it stands."""
    states = [(c, c.step(at)) for c in world.conversions_of(slug) if c.visible_at <= at]
    return {
        c.record_id: to_decimal(c.commission(0 if state.void else state.sale), c.programme.currency)
        for c, state in states
    }


@pytest.mark.parametrize("slug", [slug for slug in NETWORKS if NETWORKS[slug].tracker])
def test_a_tracker_changes_nothing_of_the_world_that_it_watches(slug: str, network: Network, world: World) -> None:
    """Truth and claims are those of the world without it; what it sees is of that world."""
    alone = build_world(WorldConfig(seed=5, days=40, orders_per_day=15, networks=("awin", "cj")))
    assert world.truth(late(world)).equals(alone.truth(late(world)))
    assert not any(conversion.network == slug for conversion in world.conversions)
    touches = {click.at + 1 for click in world.clicks_of(slug)}
    assert touches <= set(world.touches.at)
    for conversion in world.conversions_of(slug):
        assert conversion.order is not None
        assert conversion not in conversion.order.conversions
        click = world.click_of(conversion)
        assert click is not None
        assert click.token == conversion.token
        assert click.at < conversion.order.ordered_at <= conversion.visible_at


@pytest.mark.parametrize("slug", [slug for slug in PROBED if slug != "toy" and NETWORKS[slug].probe.changes])  # type: ignore[union-attr]
def test_changes_show_on_their_clocks(slug: str, network: Network, world: World) -> None:
    """What appeared, changed or was decided between two instants is listed by one of the dates of change."""
    reader = Reader(world, network, late(world))
    before = reader.at - 10 * 86_400
    mine = [conversion for conversion in world.conversions_of(slug) if conversion.visible_at <= reader.at]
    changed = {conversion.record_id for conversion in mine if conversion.changed_at(reader.at) > before}
    assert any(conversion.visible_at < before for conversion in mine if conversion.record_id in changed)
    listed: set[str] = set()
    for clock in reader.probe.changes:
        for account in network.accounts:
            cursor = None
            for _ in range(1_000):
                bounds = before - 3_600, reader.at + 1
                ask = clock(reader.secrets, reader.token, account, *bounds, cursor)
                found, cursor = reader.probe.read(reader.emulator.answer(ask, reader.at))
                listed |= {row[1] for row in found}
                if cursor is None:
                    break
    assert changed <= listed


@pytest.mark.parametrize("slug", SLUGS)
def test_every_window_is_enforced(slug: str, network: Network) -> None:
    """As many calls as a window allows pass, the next does not, and passes when the window has moved on."""
    for window in network.limits:
        now = [0.0]
        budget = Budget([window], 1.0, lambda now=now: now[0])  # type: ignore[misc]
        path = "/export" if window.path.startswith("^/export") else window.path.replace(".*", "x").replace("\\", "")
        broken = [budget.breach("t", path, 0) for _ in range(window.calls + 1)]
        assert broken[:-1] == [None] * window.calls
        assert broken[-1] is not None
        assert broken[-1].wait == window.seconds
        refused = network.refusal(broken[-1])
        assert refused.rows == 0
        now[0] = window.seconds
        assert budget.breach("t", path, 0) is None
    assert network.refusal(Breach(1, None, 0, concurrent=True)).rows == 0


@pytest.mark.parametrize("slug", SLUGS)
def test_equal_worlds_hand_out_equal_bytes(slug: str, network: Network, world: World) -> None:
    """Built again, the world has the same truth and answers."""
    again, now = build_world(world.config), late(world)
    assert again.truth(now).equals(world.truth(now))
    if network.probe is not None:
        readers = [Reader(built, network, now) for built in (world, again)]
        assert readers[0].rows() == readers[1].rows()
        assert [answer.body for answer in readers[0].answers] == [answer.body for answer in readers[1].answers]


@pytest.mark.parametrize("slug", SLUGS)
def test_no_two_claims_without_a_known_click(slug: str, world: World) -> None:
    """An order claimed twice can always be given to somebody: at most one claim keeps its click to itself."""
    claimed = [order for order in world.orders if len(order.conversions) > 1]
    assert claimed
    for order in claimed:
        clicks = [conversion.click_at for conversion in order.conversions]
        assert clicks.count(None) <= 1
        assert len(set(clicks)) == len(clicks)
        assert len({conversion.network for conversion in order.conversions}) == len(clicks)


@pytest.mark.parametrize("slug", ["toy"])
def test_yen_and_dinar(world: World) -> None:
    """Shops of both currencies open with an account there; amounts have none and three digits after the point."""
    frame = world.truth(late(world)).filter(pl.col("side") == "network")
    yen = frame.filter(pl.col("currency") == "JPY")["sale_amount"].drop_nulls()
    dinar = frame.filter(pl.col("currency") == "KWD")["sale_amount"].drop_nulls()
    assert len(yen)
    assert all(amount == amount.to_integral_value() for amount in yen)
    assert any(amount * 100 != (amount * 100).to_integral_value() for amount in dinar)
    assert set(frame.filter(pl.col("network") == "toy")["network_status"]) == {"untracked_status", "reversed"}
    shops = {order.shop for order in build_world(WorldConfig(days=20)).orders}
    assert shops == {0, 1, 2}


@pytest.mark.parametrize("slug", ["toy"])
def test_sessions_end(network: Network, world: World) -> None:
    """A session is valid for its time on the sandbox's clock."""
    reader = Reader(world, network, late(world))
    ask = next(ask for ask, found in reader.asks() if found)
    assert [reader.emulator.answer(ask, reader.at + later).status for later in (0, 899, 900)] == [200, 200, 401]


@pytest.mark.parametrize("slug", ["toy"])
def test_the_toy_over_http(network: Network, world: World) -> None:
    """Served like any other: login, faults of rows and sessions, limits in its own form, one call at a time."""
    with Sandbox(world, late(world), limit_window=0.6) as sandbox:

        def get(ask: Ask) -> Reply:
            url = f"{sandbox.url('toy')}{ask.path}" + (f"?{urlencode(ask.query)}" if ask.query else "")
            with urlopen(Request(url, ask.body or None, method=ask.method), timeout=20) as reply:
                return Reply(reply.status, dict(reply.headers), reply.read())

        secrets = sandbox.credentials("toy")
        session = str(get(toy._login(secrets)).json()["session"])
        bounds = to_epoch(world.start), to_epoch(late(world))
        ask = toy._listing(secrets, session, network.accounts[2], *bounds, None)
        true = get(ask).json()
        sandbox.inject("toy", "money_as_string")
        struck = get(ask).json()
        assert sum(a != b for a, b in zip(true["rows"], struck["rows"], strict=True)) == 1
        assert sandbox.faults_served[-1].record in {row["row"] for row in true["rows"]}
        sandbox.inject("toy", "session_lost")
        with pytest.raises(HTTPError) as lost:
            get(ask)
        lost.value.close()
        with pytest.raises(HTTPError) as still:
            get(ask)
        still.value.close()
        assert get(ask).json() == {"error": "wait 1"}
        assert [call.breach for call in sandbox.calls] == [False] * 5 + [True]
        sandbox.reset(late(world))
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: get(toy._login(secrets)).json(), range(4)))
        assert {"error": "one at a time"} in found
        assert any("session" in answer for answer in found)
        assert len(sandbox.breaches) == found.count({"error": "one at a time"})


def test_kinds_of_faults_that_suit() -> None:
    """A network gets the faults that its records allow, the default ones what they had."""
    suits = {name for name, fault in EVERY_FAULT.items() if fault.suits(toy.NETWORK)}
    assert {"session_lost", "page_repeated", "count_lies", "money_as_string", "id_as_number"} <= suits
    assert not {"unknown_status", "graphql_error", "id_as_string", "vanished_field"} & suits
