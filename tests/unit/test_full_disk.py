"""A disk that fills while a network is asked: nothing that is kept says more than what is there."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from affiliate_assets.landing import pages
from affiliate_assets.landing.resume import close_dead_windows, unfinished_questions
from affiliate_assets.networks import api_connectors
from tests.conftest import FIRST_MORNING, Brand

from .paged import ACCOUNT, Cj, paged_cj


@pytest.fixture
def cj(brand: Brand) -> Iterator[Cj]:
    with paged_cj(brand) as found:
        yield found


def test_a_full_disk_leaves_unfinished_windows_as_they_were(cj: Cj, monkeypatch: pytest.MonkeyPatch) -> None:
    cj.killed(monkeypatch, 1)
    landing = cj.brand.settings.landing
    before = [manifest.status for manifest in cj.landed()]
    assert "open" in before

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pages, "write_whole", full)
        close_dead_windows(landing, api_connectors()["cj"], ACCOUNT, set())
        unfinished_questions(landing, api_connectors()["cj"], ACCOUNT, set())
    assert [manifest.status for manifest in cj.landed()] == before
    cj.pull()
    assert cj.rows() == (cj.total(), cj.total())


def test_after_a_window_that_could_not_be_kept_no_later_one_hides_it(cj: Cj, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, refused = pages.write_whole, list[Path]()

    def full(path: Path, content: bytes) -> None:
        if path.name == pages.MANIFEST and path.parent.parent.name == "commissions":
            refused.append(path)
            if path == refused[0]:
                raise OSError(errno.ENOSPC, "No space left on device")
        whole(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(pages, "write_whole", full)
        assert cj.brand.pull("cj", FIRST_MORNING).problems
    landed = cj.landed()
    assert len(landed) > 1
    assert {manifest.status for manifest in landed} == {"incomplete"}
    assert all("could not be kept" in str(manifest.message) for manifest in landed)
    cj.pull()
    assert cj.rows() == (cj.total(), cj.total())
