"""`docs/networks.md` is what the registry and the status maps say."""

from __future__ import annotations

import csv
import re

import pytest

from affiliate_assets.networks import all_connectors, api_connectors, file_connectors
from affiliate_assets.scaffold.catalogue import networks_page
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "networks.md"
SEEDS = ROOT / "dbt_project" / "seeds" / "status_map"


def rows(column: str, section: str = "") -> list[dict[str, str]]:
    """The rows of the first table after the section's heading that has this column."""
    text = PAGE.read_text(encoding="utf-8")
    text = text[text.index(section) :] if section else text
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        heading, _, *lines = ([cell.strip() for cell in line.strip("|\n").split(" | ")] for line in table.splitlines())
        heading = [name.strip("| ") for name in heading]
        if column in heading:
            return [dict(zip(heading, [cell.strip("| ") for cell in line], strict=True)) for line in lines]
    raise AssertionError(f"no table has {column}")


def test_the_page_is_as_the_command_writes_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == networks_page(all_connectors().values(), SEEDS)


def test_the_page_names_every_network_and_its_limits() -> None:
    written = {row["Slug"].strip("`"): row for row in rows("Slug", "## Access\n")}
    assert set(written) == set(api_connectors())
    for slug, connector in api_connectors().items():
        assert written[slug]["Network"].startswith(f"[{connector.title}]")
        assert written[slug]["Owner"] == connector.owner
        for limit in connector.limits:
            assert f"{limit.calls:,} in " in written[slug]["Limits of a credential"]
        for secret in connector.auth.secrets:
            assert f"`{secret}`" in written[slug]["Credentials"]


def test_the_page_names_every_stream_and_clock() -> None:
    written = {(row["Network"].strip("`"), row["Stream"].strip("`")): row for row in rows("Stream", "## Streams\n")}
    for slug, connector in api_connectors().items():
        for stream in connector.streams:
            row = written.pop((slug, stream.name))
            assert all(f"{clock.name} (" in row["Clocks (overlap)"] for clock in stream.clocks)
    assert written == {}


def test_the_page_names_every_stream_that_is_read_by_file() -> None:
    written = {(row["Slug"].strip("`"), row["Stream"].strip("`")): row for row in rows("Stream", "## By file\n")}
    for slug, connector in file_connectors().items():
        for stream in connector.streams:
            row = written.pop((slug, stream.name))
            assert row["Network"].startswith(f"[{connector.title}]")
            assert row["Zone"] == stream.time_zone
            assert row["Owner"] == connector.owner
    assert written == {}


@pytest.mark.parametrize("slug", sorted(all_connectors()))
def test_the_page_names_every_word_with_its_source(slug: str) -> None:
    with (SEEDS / f"status_map__{slug}.csv").open(encoding="utf-8", newline="") as file:
        words = list(csv.DictReader(file))
    if words:
        written = rows("Word", f"### {all_connectors()[slug].title}\n")
        assert [row["Word"].strip("`") for row in written] == [word["raw_word"] for word in words]
        assert all(word["source_url"] in row["Source"] for row, word in zip(written, words, strict=True))
