"""What a network's README says: every endpoint, every fact that is not sure, every field that is left out."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from affiliate_assets import networks
from tests.networks.cases import CONNECTORS, NETWORKS, cases_of, per_any_network, per_network, per_stream, stream_of
from tests.networks.playing import Played


def readme(slug: str) -> str:
    return (Path(networks.__path__[0]) / slug / "README.md").read_text(encoding="utf-8")


def on_one_line(text: str) -> str:
    return " ".join(text.split())


@per_network
def test_it_names_host_and_reference(slug: str) -> None:
    text = readme(slug)
    assert urlsplit(CONNECTORS[slug].base_url.replace("{account_id}", "account_id")).netloc.split("{")[0] in text


@per_any_network
def test_it_names_the_title(slug: str) -> None:
    assert readme(slug).startswith(f"# {NETWORKS[slug].title}")


@per_any_network
def test_it_has_a_table_of_sources(slug: str) -> None:
    rows = [line for line in readme(slug).splitlines() if line.startswith("|")]
    assert rows[0].lower().startswith("| fact")
    assert "source" in rows[0].lower()
    assert len(rows) > 8


@per_any_network
def test_it_says_what_is_read_cautiously(slug: str) -> None:
    assert "## Read cautiously" in readme(slug)


@per_any_network
def test_it_names_every_unverified_fact(slug: str) -> None:
    cases, text = cases_of(slug), on_one_line(readme(slug))
    assert cases.unverified
    assert [phrase for phrase in cases.unverified if on_one_line(phrase) not in text] == []


@per_network
def test_it_names_the_path_of_every_question(slug: str, played: Played) -> None:
    """As `GET /advertisers/{id}/transactions`: what is in braces stands for any name."""
    text = readme(slug)
    written = re.findall(r"`?(?:GET|POST)\s+(?:https://[^/\s`]+)?(/?[^\s`?]*)", text)
    patterns = [re.sub(r"\\\{[^}]*\\\}", r"[^/]+", re.escape(path.strip("/"))) for path in written]
    base = urlsplit(CONNECTORS[slug].base_url).path.strip("/")
    for pull, hits in zip(cases_of(slug).pulls, played.hits, strict=True):
        for hit in hits:
            path = hit.path.partition("?")[0].strip("/")
            short = path.removeprefix(base).strip("/")
            if pull.job is None:
                assert any(re.fullmatch(p, path) or re.fullmatch(p, short) for p in patterns), hit.path


@per_network
def test_it_names_every_limit(slug: str) -> None:
    text = readme(slug).replace(",", "")
    for limit in CONNECTORS[slug].limits:
        assert re.search(rf"\b{limit.calls}\b", text), limit


@per_stream
def test_it_names_every_field_left_out_on_purpose(slug: str, name: str) -> None:
    assert stream_of(slug, name).dropped <= set(re.findall(r"`([^`\s]+)`", readme(slug)))


@per_stream
def test_it_names_every_clock(slug: str, name: str) -> None:
    text = readme(slug).lower()
    for clock in stream_of(slug, name).clocks:
        assert clock.name.replace("_", "").lower() in text.replace("_", "").replace(" ", "")


@per_any_network
def test_its_links_are_safe(slug: str) -> None:
    assert re.findall(r"\bhttp://\S+", readme(slug)) == []


@pytest.mark.parametrize("slug", sorted(NETWORKS))
def test_it_names_no_machine(slug: str) -> None:
    assert not re.search(r"/(work|root|home|tmp)/", readme(slug))
