"""A further network needs a folder of its own, its words, and one line; shown with one that offers everything."""

from __future__ import annotations

import re
import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from affiliate_assets.connectors.source import Source
from affiliate_assets.crm.streams import CRM
from affiliate_assets.networks import all_connectors
from tests.dbt import brand
from tests.dbt.conftest import PROJECT, Build, dbt_build, network_names, tracker_names
from tests.dbt.warehouse import QUARANTINE_COLUMNS, insert

LINEAGE = "'page' as _page_id, 'load' as _load_id, 'run' as _run_id"

NOTHING = "cast(null as varchar)"

CONVERSIONS = f"""
select
    'toy:1:' || s.id as conversion_key, 'toy' as network, '1' as account_id, s.id as conversion_id,
    s.order_id, 'p' as publisher_id, 'Pat' as publisher_name, {NOTHING} as conversion_type,
    {NOTHING} as click_id, cast(null as timestamp) as clicked_at,
    {{{{ local_to_utc('s.sold_at', 'Europe/Berlin') }}}} as occurred_at,
    {{{{ local_to_utc('s.sold_at', 'America/New_York') }}}} as recorded_at,
    cast(null as timestamp) as status_effective_at, cast(null as timestamp) as locks_at,
    s.sold_at as observed_at,
    words.status, coalesce(words.lock_state, 'unknown') as lock_state,
    coalesce(words.payment_state, 'unknown') as payment_state, 'original' as row_kind, s.state as raw_status,
    {NOTHING} as status_reason, false as is_amended, cast(1 as integer) as network_rows,
    {{{{ money('s.amount') }}}} as sale_amount, s.currency as sale_currency, 'row' as sale_currency_source,
    cast(null as decimal(18, 6)) as previous_sale_amount, cast(null as decimal(18, 6)) as tracked_amount,
    {NOTHING} as tracked_currency, cast(null as decimal(18, 6)) as publisher_commission,
    {NOTHING} as publisher_commission_currency, cast(null as decimal(18, 6)) as advertiser_cost,
    {NOTHING} as advertiser_cost_currency, cast(null as decimal(18, 6)) as network_fee,
    {NOTHING} as network_fee_currency, {NOTHING} as voucher_code, {NOTHING} as customer_type, {NOTHING} as country,
    {LINEAGE}
from {{{{ source('valid_toy', 'sales') }}}} as s
left join {{{{ ref('status_map__toy') }}}} as words on lower(s.state) = lower(words.raw_word)
"""

EVENTS = f"""
select
    conversion_key || ':1' as event_id, conversion_key, network, account_id, conversion_id,
    conversion_id as network_row_id, cast(1 as integer) as version_number, 'first_seen' as event_type,
    occurred_at as event_at, observed_at, status, lock_state, payment_state, row_kind, raw_status, status_reason,
    sale_amount, sale_amount as sale_amount_delta, sale_currency, publisher_commission,
    publisher_commission as publisher_commission_delta, publisher_commission_currency, advertiser_cost,
    advertiser_cost as advertiser_cost_delta, advertiser_cost_currency, {LINEAGE}
from {{{{ ref('stg_toy__conversions') }}}}
"""

PUBLISHERS = f"""
select
    'toy' as network, '1' as account_id, 'p' as publisher_id, 'Pat' as publisher_name, {NOTHING} as primary_region,
    {NOTHING} as primary_type, true as is_listed, cast(null as timestamp) as observed_at, {LINEAGE}
"""

PROGRAMMES = f"""
select
    'toy' as network, '1' as account_id, 'g' as programme_id, 'Games' as programme_name, 'KWD' as currency,
    'active' as status, cast(30 as integer) as validation_days, 'locks after 30 days' as lock_rule,
    cast(null as timestamp) as observed_at, {LINEAGE}
"""

CLICKS = f"""
select
    'toy' as network, '1' as account_id, 'c' as click_id, 'g' as programme_id, 'p' as publisher_id,
    cast('2026-03-01 10:00:00' as timestamp) as clicked_at,
    {{{{ url_without_query("'https://shop.example/a/b?gclid=x#frag'") }}}} as landing_url, {NOTHING} as referrer_host,
    {NOTHING} as publisher_reference, 'mobile' as device, 'KW' as country, cast(null as timestamp) as observed_at,
    {LINEAGE}
"""

SOURCES = """
sources:
  - name: valid_toy
    schema: valid_toy
    tables:
      - name: sales
  - name: quarantine
    schema: quarantine
    tables:
      - name: toy__sales
"""

WORDS = """network,raw_field,raw_word,status,lock_state,payment_state,payment_state_if_paid,row_kind,source,\
source_url,source_date
toy,state,OK,approved,locked,payable,paid,,"Toy: state",https://toy.example/docs,2026-01-31
"""

# The wall clock in Berlin, what it is in UTC, and the same wall clock of New York in UTC. Berlin skips 02:30 on
# 29 March and shows it twice on 25 October; there the later one is meant.
CLOCKS = {
    "winter": ("2026-01-15 12:00:00", "2026-01-15 11:00:00", "2026-01-15 17:00:00"),
    "summer": ("2026-07-15 12:00:00", "2026-07-15 10:00:00", "2026-07-15 16:00:00"),
    "skipped": ("2026-03-29 02:30:00", "2026-03-29 01:30:00", "2026-03-29 06:30:00"),
    "twice": ("2026-10-25 02:30:00", "2026-10-25 01:30:00", "2026-10-25 06:30:00"),
}


def project_with_toy(folder: Path, line: str) -> Path:
    """A copy of the project with the toy's own files and that line."""
    project = folder / "dbt_project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs", "__pycache__"))
    staging = project / "models" / "staging" / "toy"
    staging.mkdir()
    files = {
        "_toy__sources.yml": SOURCES,
        "stg_toy__conversions.sql": CONVERSIONS,
        "stg_toy__conversion_events.sql": EVENTS,
        "stg_toy__publishers.sql": PUBLISHERS,
        "stg_toy__programmes.sql": PROGRAMMES,
        "stg_toy__clicks.sql": CLICKS,
        "stg_toy__quarantine.sql": "{{ quarantine_of('toy', ['sales']) }}",
    }
    for name, text in files.items():
        (staging / name).write_text(text, encoding="utf-8")
    (project / "seeds" / "status_map" / "status_map__toy.csv").write_text(WORDS, encoding="utf-8")
    settings = project / "dbt_project.yml"
    text, lines = re.subn(r"(?m)^  networks:\n", f"  networks:\n    - {line}\n", settings.read_text(encoding="utf-8"))
    assert lines == 1
    settings.write_text(text, encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("toy")
    warehouse = folder / "affiliate.duckdb"
    brand.write(warehouse)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema valid_toy")
        connection.execute(
            "create table valid_toy.sales (id varchar, order_id varchar, state varchar, amount decimal(18,6),"
            " currency varchar, sold_at timestamp)"
        )
        connection.execute(f"create table quarantine.toy__sales ({QUARANTINE_COLUMNS})")
    sale = {"state": "ok", "amount": "12.345", "currency": "KWD"}
    insert(warehouse, "valid_toy.sales", *({"id": name, **sale, "sold_at": at[0]} for name, at in CLOCKS.items()))
    insert(warehouse, "quarantine.toy__sales", {"_account_id": "1", "_key": "bad"})
    insert(warehouse, "config.networks", {"network": "toy", "name": "Toy Network", "correction_style": "none"})
    project = project_with_toy(folder, "{name: toy, offers: [programmes, clicks]}")
    return dbt_build(warehouse, folder / "target", ("--exclude", "resource_type:unit_test"), project=project)


def test_a_network_is_built_from_its_own_files_and_one_line(toy: Build) -> None:
    assert toy.success
    assert toy.query(
        "select distinct status, lock_state, sale_currency from marts.fct_conversions where network = 'toy'"
    ) == [("approved", "locked", "KWD")]
    assert toy.query(
        "select network_name, correction_style, accounts from marts.dim_networks where network = 'toy'"
    ) == [("Toy Network", "none", 0)]
    assert toy.query("select publisher_name from marts.dim_publishers where network = 'toy'") == [("Pat",)]
    assert toy.query("select stream, record_key from intermediate.int_quarantine__unioned where network = 'toy'") == [
        ("sales", "bad")
    ]
    assert toy.query("select raw_word, status from intermediate.status_map where network = 'toy'") == [
        ("OK", "approved")
    ]


def test_programmes_and_clicks_come_from_the_networks_that_offer_them(toy: Build, acme: Build) -> None:
    assert toy.query(
        "select programme_key, currency, validation_days from marts.dim_programmes where network = 'toy'"
    ) == [("toy:1:g", "KWD", 30)]
    assert toy.query("select click_id, landing_url from intermediate.int_clicks__unioned where network = 'toy'") == [
        ("c", "https://shop.example/a/b")
    ]
    for table in ("marts.dim_programmes", "intermediate.int_clicks__unioned"):
        assert acme.query(f"select * from {table} where network in ('awin', 'cj')") == []


def test_local_times_become_utc_also_where_the_clock_skips_or_repeats_an_hour(toy: Build) -> None:
    rows = toy.query(
        "select conversion_id, occurred_at::varchar, recorded_at::varchar from marts.fct_conversions"
        " where network = 'toy'"
    )
    assert {name: (berlin, new_york) for name, berlin, new_york in rows} == {
        name: (berlin, new_york) for name, (_, berlin, new_york) in CLOCKS.items()
    }


def test_the_decimals_of_a_currency_are_known_and_a_dinar_is_converted(toy: Build) -> None:
    digits = toy.query("select * from seeds.currencies where currency in ('EUR', 'JPY', 'KWD') order by 1")
    assert digits == [("EUR", 2), ("JPY", 0), ("KWD", 3)]
    rates = toy.query(
        "select rate::varchar from seeds.fx_rates where quote_currency = 'KWD' and rate_date = '2026-01-15'"
    )
    [(amount,)] = toy.query("select sale_amount_reporting from marts.fct_conversions where conversion_id = 'winter'")
    assert abs(amount - Decimal("12.345") / Decimal(rates[0][0])) < Decimal("0.000001")


def test_an_unknown_entity_is_refused_by_name(tmp_path: Path) -> None:
    project = project_with_toy(tmp_path, "{name: toy, offers: [programs]}")
    with pytest.raises(AssertionError, match="offers programs; known are programmes, clicks"):
        dbt_build(tmp_path / "affiliate.duckdb", tmp_path / "target", command="parse", project=project)


def test_dbt_and_the_registry_know_the_same_networks() -> None:
    assert sorted(network_names()) == sorted(all_connectors())


def test_dbt_and_the_registry_agree_on_who_is_a_tracker() -> None:
    trackers = [slug for slug, connector in all_connectors().items() if connector.role == "tracker"]
    assert sorted(tracker_names()) == sorted(trackers)
    assert trackers


@pytest.mark.parametrize("source", [CRM, *all_connectors().values()], ids=lambda source: source.slug)
def test_the_models_hold_the_quarantine_of_every_stream(source: Source) -> None:
    file = PROJECT / "models" / "staging" / source.slug / f"stg_{source.slug}__quarantine.sql"
    slug, *streams = re.findall(r"'(\w+)'", file.read_text(encoding="utf-8"))
    assert (slug, sorted(streams)) == (source.slug, sorted(stream.name for stream in source.streams))
