"""What the pages say is true: links resolve, tables equal the code, nothing names a machine or an index."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from affiliate_assets.connectors.language import ApiStream, Connector
from affiliate_assets.networks import all_connectors
from tests.docs.pages import ROOT, anchors, fenced, pages, project_files

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# A path below a home or working folder of some machine, and the address of a package index.
_ABSOLUTE = re.compile(r"(?<![\w.:/~*<>$)}\]])/(?:work|root|opt|Users|home/[a-z]\w*)/")
_INDEXES = re.compile(r"--(?:extra-)?index-url|--find-links|\bpypi\.org|pythonhosted\.org")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_resolves(page: Path):
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if urlsplit(target).scheme:
            continue
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        assert linked.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(linked), f"{page.name} links to {target}"


def test_the_readme_leads_to_every_page_of_docs():
    linked = {
        (ROOT / target.partition("#")[0]).resolve()
        for target in _LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
        if not urlsplit(target).scheme
    }
    assert {page for page in pages() if page.parent == ROOT / "docs"} <= linked


def test_no_file_names_a_machine_or_a_package_index():
    found = []
    for file in project_files():
        if file == Path(__file__):
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{file.relative_to(ROOT)}: {match.group()}"
            for pattern in (_ABSOLUTE, _INDEXES)
            for match in pattern.finditer(text)
        ]
    assert found == []


def test_the_lock_file_pins_everything_by_hash():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.findall(r"^\S.*(?:\n .*)*", text, re.MULTILINE)
    assert len(entries) > 100
    assert [entry for entry in entries if not re.match(r"[\w.\-\[\],]+==\S+", entry)] == []
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_table_of_networks_equals_the_registry():
    rows = _table_rows("Slug")
    written = {row[1]: row for row in rows}
    assert sorted(written) == sorted(f"`{slug}`" for slug in all_connectors())
    for slug, connector in all_connectors().items():
        row = written[f"`{slug}`"]
        assert row[0] == f"[{connector.title}](../affiliate_assets/networks/{slug}/README.md)"
        assert row[2] == f"`{urlsplit(connector.base_url).hostname}`"
        assert row[4] == ", ".join(f"`{name}`" for name in connector.auth.secrets)
        assert row[5] == ("required" if connector.needs_currency else "no")
        assert row[6] == ", ".join(
            f"{limit.calls} calls per {limit.per.total_seconds():.0f} s" for limit in connector.limits
        )


def test_the_table_of_streams_equals_the_registry():
    expected = [
        _stream_row(connector, stream) for connector in all_connectors().values() for stream in connector.streams
    ]
    assert _table_rows("Stream") == expected


@pytest.mark.parametrize("slug", sorted(all_connectors()))
def test_a_network_cites_its_sources(slug: str):
    text = (ROOT / "affiliate_assets" / "networks" / slug / "README.md").read_text(encoding="utf-8")
    connector = all_connectors()[slug]
    assert connector.base_url in text
    assert "## Read cautiously" in text
    for stream in connector.streams:
        assert stream.dropped <= set(re.findall(r"`(\w+)`", text)), "a field dropped on purpose is not named"


def test_every_fenced_block_is_closed():
    for page in pages():
        text = page.read_text(encoding="utf-8")
        assert len(re.findall(r"^ *```", text, re.MULTILINE)) == 2 * len(fenced(page)), page.name


def _table_rows(heading: str) -> list[tuple[str, ...]]:
    """The rows of the table in docs/networks.md that has a column of this name."""
    tables = re.findall(r"(?:^\|.*\n)+", (ROOT / "docs" / "networks.md").read_text(encoding="utf-8"), re.MULTILINE)
    split = [[tuple(c.strip() for c in line.strip("|\n").split("|")) for line in t.splitlines()] for t in tables]
    (found,) = [table for table in split if heading in table[0]]
    return found[2:]


def _stream_row(connector: Connector, stream: ApiStream) -> tuple[str, ...]:
    rule = stream.open_records
    if rule is None:
        still_open = "–"
    else:
        words = ", ".join(f"`{word}`" for word in sorted(rule.words))
        rhythm = f"after {_days(rule.reread_after)}" if rule.reread_after else "every night"
        still_open = f"{words}, {rhythm}" + (f", {rule.keys_per_call} ids a call" if rule.keys_per_call else "")
    return (
        f"`{connector.slug}`",
        f"`{stream.name}`",
        ", ".join(f"{clock.name} ({_days(clock.overlap)})" for clock in stream.clocks) or "whole listing",
        _days(stream.max_span) if stream.clocks else "–",
        still_open,
        ", ".join(f"`{name}`" for name in stream.key),
    )


def _days(span: timedelta) -> str:
    return f"{span.days} d"
