"""What the pages say is true: links resolve, tables equal the code, nothing names a machine or an index."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from affiliate_assets.networks import all_connectors, api_connectors, file_connectors
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


@pytest.mark.parametrize("slug", sorted(all_connectors()))
def test_a_network_cites_its_sources(slug: str):
    text = (ROOT / "affiliate_assets" / "networks" / slug / "README.md").read_text(encoding="utf-8")
    if slug in api_connectors():
        assert api_connectors()[slug].base_url in text
    assert "## Read cautiously" in text
    for stream in (api_connectors() | file_connectors())[slug].streams:
        assert stream.dropped <= set(re.findall(r"`([^`]+)`", text)), "a field dropped on purpose is not named"


def test_every_fenced_block_is_closed():
    for page in pages():
        text = page.read_text(encoding="utf-8")
        assert len(re.findall(r"^ *```", text, re.MULTILINE)) == 2 * len(fenced(page)), page.name
