"""The samples of every network in our words: staging models on a warehouse that holds them, and golden rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from affiliate_assets.connectors.schema import known_words_of
from affiliate_assets.landing.tables import put_rows
from affiliate_assets.landing.warehouse import connection
from tests.dbt.conftest import PROJECT, dbt_build
from tests.networks.cases import NETWORKS, Row, cases_of, pages_folder, per_any_network
from tests.networks.golden import differences
from tests.networks.playing import Played, load, rows_of

ENTITIES = ("conversions", "conversion_events", "publishers")
OPTIONAL = ("programmes", "clicks")
GIVEN = {
    "conversions": "conversion_id status lock_state payment_state row_kind publisher_id occurred_at sale_amount"
    " sale_currency publisher_commission publisher_commission_currency",
    "conversion_events": "conversion_id network_row_id version_number event_type status sale_amount_delta"
    " publisher_commission_delta",
}
VOCABULARY = {
    "status": {"pending", "approved", "reversed", "deleted", "untracked_status", None},
    "lock_state": {"open", "locked", "unknown"},
    "payment_state": {"unpaid", "payable", "paid", "unknown"},
    "row_kind": {"original", "adjustment", "restatement", "bonus", "test"},
}


def staging(slug: str) -> Path:
    return PROJECT / "models" / "staging" / slug


def models_of(slug: str) -> list[str]:
    """The entities that the network has a staging model of."""
    return [e for e in (*ENTITIES, *OPTIONAL) if (staging(slug) / f"stg_{slug}__{e}.sql").is_file()]


def words_of(slug: str) -> list[Row]:
    with (PROJECT / "seeds" / "status_map" / f"status_map__{slug}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass
class Canonical:
    """Rows of the staging models by network and entity, and what dbt says of every node."""

    rows: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="session")
def canonical(
    played_of: Callable[[str], Played], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Canonical:
    """All networks that this run looks at, built by one call of dbt."""
    folder = tmp_path_factory.mktemp("canonical")
    warehouse = folder / "affiliate.duckdb"
    named = {item.callspec.params.get("slug") for item in request.session.items if hasattr(item, "callspec")}
    slugs = [slug for slug in NETWORKS if slug in named and (pages_folder(slug) / "cases.json").is_file()]
    for slug in slugs:
        load(slug, played_of(slug).landing, warehouse)
        with connection(warehouse) as opened:
            accounts = [
                {"network": slug, "account_id": a.account_id, "name": a.account_id, "currency": a.currency}
                for a in cases_of(slug).accounts
            ]
            put_rows(opened, "config.accounts", accounts)
    selected = [f"path:models/staging/{slug}" for slug in slugs] + [f"status_map__{slug}" for slug in slugs]
    build = dbt_build(warehouse, folder / "target", ["--select", *selected])
    found = Canonical(outcomes=build.outcomes)
    with duckdb.connect(str(warehouse), read_only=True) as opened:
        opened.execute("set timezone = 'UTC'")
        for slug in slugs:
            for entity in models_of(slug):
                if build.outcomes.get(f"stg_{slug}__{entity}") == "success":
                    found.rows[slug, entity] = rows_of(opened, f"select * from staging.stg_{slug}__{entity}")
    return found


@per_any_network
def test_its_models_and_seed_are_built(slug: str, canonical: Canonical) -> None:
    mine = {f"stg_{slug}__{entity}" for entity in (*models_of(slug), "quarantine")} | {f"status_map__{slug}"}
    assert set(ENTITIES) <= set(models_of(slug))
    assert {name: canonical.outcomes.get(name) for name in mine} == dict.fromkeys(mine, "success")


@per_any_network
def test_its_unit_tests_and_data_tests_pass(slug: str, canonical: Canonical) -> None:
    names = {test["name"] for test in _unit_tests(slug)}
    assert {name: canonical.outcomes.get(name) for name in names} == dict.fromkeys(names, "pass")


@per_any_network
@pytest.mark.parametrize("entity", [*ENTITIES, *OPTIONAL])
def test_the_canonical_rows_are_the_golden_ones(slug: str, entity: str, canonical: Canonical) -> None:
    golden = cases_of(slug).canonical
    assert (entity in golden) == (entity in models_of(slug))
    if entity in golden:
        rows = canonical.rows[slug, entity]
        assert rows
        assert differences(golden[entity], rows) == []


@per_any_network
@pytest.mark.parametrize("entity", GIVEN)
def test_every_golden_row_gives_what_matters(slug: str, entity: str) -> None:
    for row in cases_of(slug).canonical[entity]:
        assert set(GIVEN[entity].split()) <= row.keys(), row


@per_any_network
@pytest.mark.parametrize("column", VOCABULARY)
def test_states_are_in_our_words(slug: str, column: str, canonical: Canonical) -> None:
    for entity in ("conversions", "conversion_events"):
        assert {row[column] for row in canonical.rows[slug, entity]} <= VOCABULARY[column]


@per_any_network
@pytest.mark.parametrize(("amount", "delta"), [(n, f"{n}_delta") for n in ("sale_amount", "publisher_commission")])
def test_events_add_up_to_the_conversion(slug: str, amount: str, delta: str, canonical: Canonical) -> None:
    sums: dict[str, Any] = {}
    for event in canonical.rows[slug, "conversion_events"]:
        sums[event["conversion_key"]] = sums.get(event["conversion_key"], 0) + (event[delta] or 0)
    states = {row["conversion_key"]: row[amount] or 0 for row in canonical.rows[slug, "conversions"]}
    assert sums == states


@per_any_network
def test_keys_are_unique_and_name_the_network(slug: str, canonical: Canonical) -> None:
    for entity, key in (("conversions", "conversion_key"), ("conversion_events", "event_id")):
        keys = [row[key] for row in canonical.rows[slug, entity]]
        assert len(set(keys)) == len(keys)
        assert all(value.startswith(f"{slug}:") for value in keys)
        assert {row["network"] for row in canonical.rows[slug, entity]} == {slug}


@per_any_network
def test_every_conversion_has_a_known_publisher(slug: str, canonical: Canonical) -> None:
    known = {(row["account_id"], row["publisher_id"]) for row in canonical.rows[slug, "publishers"]}
    for row in canonical.rows[slug, "conversions"]:
        assert row["publisher_id"] is None or (row["account_id"], row["publisher_id"]) in known


@per_any_network
def test_every_amount_has_a_currency(slug: str, canonical: Canonical) -> None:
    for row in canonical.rows[slug, "conversions"]:
        for amount, currency in (
            ("sale_amount", "sale_currency"),
            ("publisher_commission", "publisher_commission_currency"),
        ):
            assert row[amount] is None or re.fullmatch("[A-Z]{3}", row[currency] or "")


@per_any_network
def test_times_are_in_order(slug: str, canonical: Canonical) -> None:
    for row in canonical.rows[slug, "conversions"]:
        assert row["occurred_at"] is not None
        assert row["clicked_at"] is None or row["clicked_at"] <= row["occurred_at"]
        assert row["occurred_at"] <= row["observed_at"]


@per_any_network
def test_every_row_leads_to_its_page(slug: str, canonical: Canonical, played: Played) -> None:
    pages = {row["page_id"] for row in played.rows("select page_id from ops.pages")}
    for entity in models_of(slug):
        assert {row["_page_id"] for row in canonical.rows[slug, entity]} <= pages


@per_any_network
def test_no_address_of_a_page_keeps_its_query(slug: str, canonical: Canonical) -> None:
    for row in canonical.rows.get((slug, "clicks"), []):
        assert not re.search(r"[?#]", row["landing_url"] or "")
        assert "/" not in (row["referrer_host"] or "")


@per_any_network
def test_an_amount_is_zero_or_negative_somewhere_and_currencies_differ(slug: str, canonical: Canonical) -> None:
    """Rich samples: what is not in them is not tested."""
    events = canonical.rows[slug, "conversion_events"]
    # A network may tell what a conversion brings and nothing of the order.
    tells_sales = any(row["sale_amount"] is not None for row in events)
    deltas = [row["sale_amount_delta" if tells_sales else "publisher_commission_delta"] for row in events]
    assert any(delta is not None and delta <= 0 for delta in deltas)
    currencies = {row["sale_currency"] for row in canonical.rows[slug, "conversions"]}
    if NETWORKS[slug].currency is not None:
        assert currencies == {NETWORKS[slug].currency}
        return
    assert currencies & {"JPY", "KWD"}
    assert len(currencies) > 1


@per_any_network
def test_a_network_with_states_maps_words_and_one_without_none(slug: str) -> None:
    assert bool([row for row in words_of(slug) if row["status"]]) == NETWORKS[slug].tells_status


@per_any_network
def test_every_word_of_the_map_is_one_that_the_schema_knows(slug: str) -> None:
    columns = {name: c for stream in NETWORKS[slug].streams for name, c in stream.schema.columns.items()}
    for row in words_of(slug):
        words = known_words_of(columns[row["raw_field"]])
        assert not words or row["raw_word"].lower() in {word.lower() for word in words}, row


@per_any_network
def test_every_word_of_the_map_is_cited(slug: str) -> None:
    for row in words_of(slug):
        assert row["network"] == slug
        assert row["source"].strip()
        assert row["source_url"].startswith("https://")
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", row["source_date"])


@per_any_network
def test_every_word_of_the_map_is_on_a_sample(slug: str, played: Played) -> None:
    for row in words_of(slug):
        seen: set[str] = set()
        for stream in NETWORKS[slug].streams:
            if row["raw_field"] in stream.schema.columns:
                found = played.rows(f'select distinct "{row["raw_field"]}" as word from valid_{slug}.{stream.name}')
                seen |= {str(value["word"]).lower() for value in found}
        assert row["raw_word"].lower() in seen, row


@per_any_network
def test_every_word_of_the_map_is_in_a_unit_test(slug: str) -> None:
    tests = _unit_tests(slug)
    given = {str(v) for t in tests for i in t["given"] for r in i.get("rows") or [] for v in r.values()}
    assert {row["raw_word"] for row in words_of(slug)} <= given


@per_any_network
def test_conversions_and_events_have_a_unit_test(slug: str) -> None:
    assert {f"stg_{slug}__conversions", f"stg_{slug}__conversion_events"} <= {t["model"] for t in _unit_tests(slug)}


@per_any_network
def test_every_model_of_its_folder_is_documented(slug: str) -> None:
    documented = yaml.safe_load((staging(slug) / f"_{slug}__models.yml").read_text(encoding="utf-8"))["models"]
    names = {model["name"] for model in documented}
    assert {path.stem for path in staging(slug).glob("*.sql")} == names


@per_any_network
def test_its_line_offers_exactly_the_optional_models_it_has(slug: str) -> None:
    settings = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    (line,) = [entry for entry in settings["vars"]["networks"] if entry["name"] == slug]
    assert sorted(line.get("offers", [])) == sorted(e for e in models_of(slug) if e in OPTIONAL)


@cache
def _unit_tests(slug: str) -> list[dict[str, Any]]:
    text = (staging(slug) / f"_{slug}__unit_tests.yml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text)["unit_tests"])
