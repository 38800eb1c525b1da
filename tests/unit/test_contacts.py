"""Contacts of publishers from a file: hashed like customers, and nothing of them is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from affiliate_assets.crm.streams import CRM
from affiliate_assets.landing.night import run_files
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.settings import load_settings
from tests.unit.support import configured

CONTACTS = """network,publisher_id,contact_email
awin,77,Jo@Blog.example
awin,77,jo@blog.example
cj,88,jo@blog.example
cj,,nobody@blog.example
cj,99,
"""
TOUCHES = """touch_id,shop,occurred_at,visitor_id,customer_email,utm_source,utm_medium,utm_campaign,landing_url,referrer
t1,main,2026-03-01T10:00:00Z,v1,jo@blog.example,,,,https://shop.example/,
"""


def test_a_contact_is_kept_as_the_hash_that_a_customer_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exports = {"publisher_contacts": "publisher_contacts_*.csv", "touchpoints": "touchpoints.csv"}
    settings = load_settings(configured(tmp_path, monkeypatch, **exports))
    (tmp_path / "publisher_contacts_1.csv").write_text(CONTACTS, encoding="utf-8")
    (tmp_path / "touchpoints.csv").write_text(TOUCHES, encoding="utf-8")
    night = run_files(settings, CRM, run_id="r1", as_of=datetime(2026, 3, 2, 3, tzinfo=UTC))
    assert night.loads["publisher_contacts"].verdict.rejected == 2
    with connection(settings.warehouse) as warehouse:
        ((customer,),) = warehouse.execute("select customer_hash from valid_crm.touchpoints").fetchall()
        kept = warehouse.execute(
            "select network, publisher_id, contact_hash from valid_crm.publisher_contacts order by network, contact_id"
        ).fetchall()
    # Written in another case it is the same address, and the same line counts as another contact of the same person.
    assert kept == [("awin", "77", customer), ("awin", "77", customer), ("cj", "88", customer)]
    landed = [path for path in settings.data.rglob("*") if path.is_file()]
    assert landed
    for path in landed:
        content = path.read_bytes()
        assert b"blog.example" not in (zstandard.decompress(content) if path.suffix == ".zst" else content), path
