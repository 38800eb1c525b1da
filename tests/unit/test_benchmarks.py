"""The benchmark runs from end to end at a small size, and says so in its table and its page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def test_small_run_brings_every_row_to_valid_and_writes_the_page(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    finished = subprocess.run(
        [
            sys.executable, "-m", "benchmarks", "--rows", "2000", "--skip-dbt", "--skip-night",
            "--skip-reconciliation", "--skip-attribution", "--results", str(page),
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    for text in (finished.stdout, page.read_text(encoding="utf-8")):
        assert "2,000 conversions" in text
        assert "Valid rows: 2,000 of 2,000" in text
        for step in (
            "page → valid",
            "pull alone: HTTP and landing",
            "load alone: pages → raw → valid",
            "floor: HTTP alone",
        ):
            assert step in text
        assert "dbt build" not in text.split("conversions", 1)[1].split("Valid rows")[0]


def test_records_have_the_size_and_the_fields_of_the_network() -> None:
    import msgspec

    from affiliate_assets.networks.awin.schema import TRANSACTION_FIELDS, TRANSACTION_FIELDS_DROPPED
    from benchmarks.server import rendered_pages

    records = [record.replace(b"@@@@@", b"00000") for page in rendered_pages() for record in page]
    assert 1_100 < sum(map(len, records)) / len(records) < 1_300
    decoded = [msgspec.json.decode(record) for record in records[:1_000]]
    assert {name for record in decoded for name in record} <= TRANSACTION_FIELDS | TRANSACTION_FIELDS_DROPPED
    assert len({record["id"] for record in decoded}) == len(decoded)
