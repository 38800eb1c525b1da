from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from affiliate_assets import publishing
from affiliate_assets.errors import ConfigError, InternalError
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.publishing import checksum, publish, read_manifest
from affiliate_assets.report.page import Report, draw_report
from affiliate_assets.settings import Settings

AS_OF = datetime(2026, 3, 2, 3, tzinfo=UTC)
ROWS = "('a', 1.10::decimal(18,6), timestamp '2026-03-01', 'l1'), ('b', null, timestamp '2026-03-02', 'l1')"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "brand": {
                "name": "Acme",
                "reporting_currency": "EUR",
                "time_zone": "Europe/Berlin",
                "start_date": "2026-01-01",
            },
            "privacy": {"hash_key": "env:KEY"},
            "config_path": tmp_path / "affiliate.toml",
        }
    )


def build(settings: Settings, rows: str = ROWS) -> None:
    with connection(settings.warehouse) as warehouse:
        warehouse.execute("create schema if not exists marts")
        warehouse.execute("create schema if not exists raw_awin")
        warehouse.execute("create or replace table raw_awin.transactions as select 'private' as record")
        warehouse.execute(
            "create or replace table marts.fct_conversions as"
            f" select * from (values {rows}) t(id, amount, occurred_at, _load_id)"
        )
        warehouse.execute("comment on table marts.fct_conversions is 'One conversion, it''s net.'")
        warehouse.execute("comment on column marts.fct_conversions.amount is 'Sale.'")
        warehouse.execute(
            "create or replace table marts.rpt_operations_completeness as select * from"
            " (values ('awin', '1001', 'withheld', 'too many in quarantine'), ('cj', null, 'no account', null))"
            " t(network, account_id, completeness, withheld_reason)"
        )


def read(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(settings.published / "affiliate.duckdb"), read_only=True) as marts:
        return marts.execute(sql).fetchall()


def test_readers_find_only_marts_with_their_descriptions(settings: Settings) -> None:
    build(settings)
    publish(settings, run_id="r1", as_of=AS_OF)
    assert read(settings, "select table_name, comment from duckdb_tables() order by 1") == [
        ("fct_conversions", "One conversion, it's net."),
        ("rpt_operations_completeness", None),
    ]
    assert read(settings, "select comment from duckdb_columns() where column_name = 'amount'") == [("Sale.",)]
    assert read(settings, "select id, amount::varchar from fct_conversions order by id") == [
        ("a", "1.100000"),
        ("b", None),
    ]


def test_a_view_of_marts_stays_one_and_reads_wherever_the_file_is_attached(settings: Settings, tmp_path: Path) -> None:
    build(settings)
    with connection(settings.warehouse) as warehouse:
        warehouse.execute(
            'create view marts.a_credit as (with lines as (select * from "affiliate"."marts"."fct_conversions")'
            " select l.id, c.network from lines as l cross join affiliate.marts.rpt_operations_completeness as c)"
        )
        warehouse.execute("comment on view marts.a_credit is 'One credit.'")
        warehouse.execute("comment on column marts.a_credit.id is 'Its id.'")
    published = {mart.name: mart for mart in publish(settings, run_id="r1", as_of=AS_OF)}
    assert published["a_credit"].rows == 4
    assert read(settings, "select view_name, comment from duckdb_views() where not internal") == [
        ("a_credit", "One credit.")
    ]
    comments = read(settings, "select comment from duckdb_columns() where table_name = 'a_credit'")
    assert comments == [("Its id.",), (None,)]
    every = [("a", "awin"), ("a", "cj"), ("b", "awin"), ("b", "cj")]
    assert sorted(read(settings, "select * from a_credit")) == every
    with duckdb.connect(str(tmp_path / "other.duckdb")) as other:
        other.execute(f"attach '{settings.published / 'affiliate.duckdb'}' as theirs (read_only)")
        assert sorted(other.execute("select * from theirs.a_credit").fetchall()) == every
        parquet = settings.published / "parquet" / "a_credit.parquet"
        assert sorted(other.execute(f"select * from '{parquet}'").fetchall()) == every


def test_parquet_says_what_the_table_says(settings: Settings) -> None:
    build(settings)
    publish(settings, run_id="r1", as_of=AS_OF)
    parquet = settings.published / "parquet" / "fct_conversions.parquet"
    difference = (
        f"(from fct_conversions except from '{parquet}') union all (from '{parquet}' except from fct_conversions)"
    )
    assert read(settings, difference) == []
    assert read(settings, f"select count(*) from '{parquet}'") == [(2,)]
    described = "select column_name, column_type from (describe from {})"
    assert read(settings, described.format(f"'{parquet}'")) == read(settings, described.format("fct_conversions"))


def test_the_manifest_tells_run_instant_networks_and_marts(settings: Settings) -> None:
    build(settings)
    marts = publish(settings, run_id="r1", as_of=AS_OF)
    manifest = read_manifest(settings.published)
    assert manifest["run_id"] == "r1"
    assert datetime.fromisoformat(manifest["as_of"]) == AS_OF
    assert manifest["networks"] == [
        {
            "network": "awin",
            "account_id": "1001",
            "completeness": "withheld",
            "withheld_reason": "too many in quarantine",
        },
    ]
    assert {name: mart["rows"] for name, mart in manifest["marts"].items()} == {
        "fct_conversions": 2,
        "rpt_operations_completeness": 2,
    }
    assert {mart.name: mart.checksum for mart in marts} == {
        name: mart["checksum"] for name, mart in manifest["marts"].items()
    }


def test_the_published_file_takes_no_write(settings: Settings) -> None:
    build(settings)
    publish(settings, run_id="r1", as_of=AS_OF)
    file = (settings.published / "affiliate.duckdb").resolve()
    assert file.stat().st_mode & 0o222 == 0
    assert not list(file.parent.glob("*.wal"))


def test_a_reader_that_holds_the_old_file_keeps_the_old_version_and_blocks_nobody(settings: Settings) -> None:
    build(settings)
    publish(settings, run_id="r1", as_of=AS_OF)
    with duckdb.connect(str(settings.published / "affiliate.duckdb"), read_only=True) as reader:
        assert reader.execute("select count(*) from fct_conversions").fetchall() == [(2,)]
        build(settings, ROWS + ", ('c', 3, timestamp '2026-03-03', 'l2')")
        publish(settings, run_id="r2", as_of=AS_OF)
        assert reader.execute("select count(*) from fct_conversions").fetchall() == [(2,)]
    assert read(settings, "select count(*) from fct_conversions") == [(3,)]
    assert read_manifest(settings.published)["run_id"] == "r2"


def test_a_failure_half_way_leaves_the_version_that_readers_have(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(settings)
    publish(settings, run_id="r1", as_of=AS_OF)
    build(settings, "('z', 9, timestamp '2026-03-03', 'l2')")
    with monkeypatch.context() as broken:
        broken.setattr(publishing, "_write_manifest", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(OSError, match="No space"):
            publish(settings, run_id="r2", as_of=AS_OF)
    assert read_manifest(settings.published)["run_id"] == "r1"
    assert read(settings, "select count(*) from fct_conversions") == [(2,)]
    publish(settings, run_id="r3", as_of=AS_OF)
    assert read(settings, "select id from fct_conversions") == [("z",)]


def test_file_parquet_and_manifest_change_in_one_step(settings: Settings) -> None:
    build(settings)
    publish(settings, run_id="r1", as_of=AS_OF)
    for name in ("affiliate.duckdb", "parquet", "manifest.json"):
        assert (settings.published / name).readlink() == Path("current") / name
    assert (settings.published / "current").is_symlink()
    assert [path.name for path in settings.published.glob(".*")] == []


def test_the_report_is_drawn_of_the_finished_file_and_changes_with_it(settings: Settings) -> None:
    build(settings)

    def page(file: Path) -> str:
        with duckdb.connect(str(file), read_only=True) as marts:
            (rows,) = marts.execute("select count(*) from fct_conversions").fetchall()[0]
        return f"{rows} Überweisungen"

    publish(settings, run_id="r1", as_of=AS_OF)
    assert not (settings.published / "report.html").is_symlink()
    publish(settings, run_id="r2", as_of=AS_OF, page=page)
    link = settings.published / "report.html"
    assert link.readlink() == Path("current") / "report.html"
    first = (settings.published / "current").resolve()
    assert link.read_text(encoding="utf-8") == "2 Überweisungen"
    build(settings, ROWS + ", ('c', 3, timestamp '2026-03-03', 'l2')")
    publish(settings, run_id="r3", as_of=AS_OF, page=page)
    assert link.read_text(encoding="utf-8") == "3 Überweisungen"
    assert (first / "report.html").read_text(encoding="utf-8") == "2 Überweisungen"


def test_marts_are_published_also_where_their_report_cannot_be_drawn(settings: Settings) -> None:
    build(settings)
    reports: list[Report] = []

    def page(file: Path) -> str:
        # Most marts that a report reads are not there.
        reports.append(draw_report(file, settings.brand, run_id="r1", as_of=AS_OF))
        return reports[0].page

    publish(settings, run_id="r1", as_of=AS_OF, page=page)
    assert isinstance(reports[0].error, duckdb.CatalogException)
    assert read(settings, "select count(*) from fct_conversions") == [(2,)]
    assert "could not be drawn" in (settings.published / "report.html").read_text(encoding="utf-8")


def test_a_few_versions_are_kept_and_the_current_one_always(settings: Settings) -> None:
    build(settings)
    for number in range(5):
        publish(settings, run_id=f"r{number}", as_of=AS_OF)
    versions = list((settings.published / "versions").iterdir())
    assert len(versions) in (publishing.VERSIONS_KEPT, publishing.VERSIONS_KEPT + 1)
    assert (settings.published / "current").resolve() in [path.resolve() for path in versions]
    assert read_manifest(settings.published)["run_id"] == "r4"


def test_nothing_to_publish_and_nothing_published_are_told(settings: Settings) -> None:
    with pytest.raises(InternalError, match="no mart"):
        publish(settings, run_id="r1", as_of=AS_OF)
    with pytest.raises(ConfigError, match="Nothing is published"):
        read_manifest(settings.published)


def digest(rows: str, columns: str = "id, amount, _load_id") -> str:
    with duckdb.connect() as warehouse:
        warehouse.execute(f"create table t as select * from (values {rows}) t({columns})")
        return checksum(warehouse, "t", [name.strip() for name in columns.split(",")])


def test_the_checksum_depends_on_the_values_and_not_on_row_order_or_load(settings: Settings) -> None:
    base = digest("('a', 1.10, 'l1'), ('b', 2.20, 'l1')")
    assert digest("('b', 2.20, 'l7'), ('a', 1.10, 'l8')") == base
    changed = [
        "('a', 1.11, 'l1'), ('b', 2.20, 'l1')",
        "('a', 2.20, 'l1'), ('b', 1.10, 'l1')",
        "('a', 1.10, 'l1')",
        "('a', 1.10, 'l1'), ('b', 2.20, 'l1'), ('b', 2.20, 'l1'), ('b', 2.20, 'l1')",
        "('a', 1.10, 'l1'), ('b', null, 'l1')",
        "(null, 1.10, 'l1'), ('b', 2.20, 'l1')",
    ]
    assert len({base, *(digest(rows) for rows in changed)}) == len(changed) + 1
    assert digest("('a', 'b', 'l')") != digest("('ab', '', 'l')")
    assert digest("('a', '', 'l')") != digest("('a', null::varchar, 'l')")
