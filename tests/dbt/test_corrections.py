"""What the checks say of instructions to networks that the figures do not show."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tests.compiled import Compiled
from tests.dbt.conftest import Build
from tests.dbt.warehouse import insert

WARNS = "assert_every_correction_is_taken_in_time"
FAILS = "assert_no_correction_is_left_untaken_for_a_week"


def sent(at: str, **changes: Any) -> dict[str, Any]:
    row = {
        "instruction_id": f"sent {at}",
        "network": "awin",
        "account_id": "1001",
        "record_id": "999999999",
        "action": "decline",
        "ground": "no_such_order",
        "state": "sent",
        "attempt": 1,
        "drafted_at": at,
        "sent_at": at,
        "within_seconds": 86_400,
    }
    return row | changes


def checked(acme: Build, compiled: Compiled, folder: Path, *rows: dict[str, Any]) -> tuple[str, str]:
    """The outcome of both checks with these instructions in the journal, on the night of 2 March."""
    # The catalog has the file's name.
    warehouse = folder / str(len(list(folder.iterdir()))) / "affiliate.duckdb"
    warehouse.parent.mkdir()
    shutil.copy(acme.warehouse, warehouse)
    insert(warehouse, "ops.corrections", *rows)
    outcomes = compiled.build(warehouse, lambda node: node["name"] in ("rpt_corrections", WARNS, FAILS))
    return outcomes[WARNS], outcomes[FAILS]


def test_an_instruction_that_is_not_taken_in_time_warns_and_fails_after_a_week(
    acme: Build, compiled: Compiled, tmp_path: Path
) -> None:
    assert checked(acme, compiled, tmp_path, sent("2026-03-01 12:00:00")) == ("pass", "pass")
    assert checked(acme, compiled, tmp_path, sent("2026-02-27 12:00:00")) == ("warn", "pass")
    # Nobody knows whether it was heard, or nobody has uploaded the file: as bad.
    unsure = (sent("2026-02-27 12:00:00", state="unknown"), sent("2026-02-27 13:00:00", state="written"))
    assert checked(acme, compiled, tmp_path, *unsure) == ("warn", "pass")
    assert checked(acme, compiled, tmp_path, sent("2026-02-20 12:00:00")) == ("warn", "fail")
    # Somebody has settled it.
    assert checked(acme, compiled, tmp_path, sent("2026-02-20 12:00:00", state="not_taken")) == ("pass", "pass")
