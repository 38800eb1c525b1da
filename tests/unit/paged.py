"""One CJ account served in small pages, and which calls reading it takes by the world's own ledger."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from affiliate_assets.connectors.language import RateLimit
from affiliate_assets.landing.pages import MANIFEST, Manifest, WindowFolder, manifests
from affiliate_assets.sandbox import Call, Sandbox
from affiliate_assets.settings import load_settings
from tests.conftest import FIRST_MORNING, Brand

ACCOUNT = "4410927"
START = datetime(2025, 12, 31, 23, tzinfo=UTC)
MONTH, OVERLAP = timedelta(days=30), timedelta(days=3)
PAGE = 30
# First instant of the window and the cursor of the page.
Asked = tuple[datetime, str | None]


def joined(windows: list[list[Asked]]) -> list[Asked]:
    return [page for window in windows for page in window]


class Killed(BaseException):
    """The process ended here."""


@dataclass
class Cj:
    """One CJ account whose answers hold 30 rows at most, and whose open rows are not read by id."""

    brand: Brand
    sandbox: Sandbox

    def pull(self, at: datetime = FIRST_MORNING) -> None:
        assert self.brand.pull("cj", at).problems == ()

    def killed(self, monkeypatch: pytest.MonkeyPatch, after: int, at: datetime = FIRST_MORNING) -> None:
        """A run that is killed when it has landed so many pages."""
        with monkeypatch.context() as patch:
            _die_after(patch, after)
            with pytest.raises(Killed):
                self.brand.pull("cj", at)

    def asked(self, since: int = 0) -> list[Asked]:
        """The questions by posting date."""
        found = []
        for call in self.sandbox.calls[since:]:
            if "sinceLockingDate" in call.query:
                continue
            cursor = re.search(r'sinceCommissionId: \\"(\d+)\\"', call.query)
            found.append((_instant(call, "sincePostingDate"), cursor[1] if cursor else None))
        return found

    def rows(self) -> tuple[int, int]:
        """Rows and distinct rows in raw."""
        return self.brand.query("select count(*), count(distinct _key) from raw_cj.commissions")[0]  # type: ignore

    def landed(self) -> list[Manifest]:
        return [m for _, m in manifests(self.brand.settings.landing, "cj", "commissions")]

    def edit(self, manifest: Manifest) -> None:
        folder = WindowFolder(self.brand.settings.landing, manifest)
        (folder.path / MANIFEST).write_bytes(msgspec.json.encode(manifest))

    def ids(self, start: datetime, end: datetime) -> list[int]:
        """The rows that CJ posted in a window, from the world's ledger."""
        return [
            row.commission_id
            for row in self.brand.world.ledger
            if row.conversion.account == 2 and start.timestamp() <= row.posted_at < end.timestamp()
        ]

    def pages(self, start: datetime, at: datetime = FIRST_MORNING) -> list[list[Asked]]:
        """The calls that reading everything from an instant on takes, window by window."""
        windows = []
        while start < at:
            ids = self.ids(start, min(start + MONTH, at))
            cursors = [str(ids[n * PAGE - 1]) for n in range(1, math.ceil(len(ids) / PAGE))]
            windows.append([(start, cursor) for cursor in [None, *cursors]])
            start += MONTH
        return windows

    def total(self, at: datetime = FIRST_MORNING) -> int:
        return len(self.ids(START, at))


def _instant(call: Call, name: str) -> datetime:
    found = re.search(rf'{name}: \\"([^\\]+)\\"', call.query)
    assert found, call.query
    return datetime.fromisoformat(found[1])


def _die_after(patch: pytest.MonkeyPatch, pages: int) -> None:
    left, add_page = [pages], WindowFolder.add_page

    def failing(self: WindowFolder, *args: object, **named: object) -> None:
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        add_page(self, *args, **named)  # type: ignore[arg-type]

    patch.setattr(WindowFolder, "add_page", failing)


@contextmanager
def paged_cj(brand: Brand) -> Iterator[Cj]:
    """The brand with that account alone at CJ, and without a limit that is felt."""
    with Sandbox(brand.world, FIRST_MORNING, page_limit=PAGE, limits={"cj": 10_000}) as sandbox:
        text = brand.settings.config_path.read_text().replace(brand.sandbox.url("cj"), sandbox.url("cj"))
        blocks = re.split(r"(?=\[\[accounts\]\])", text)
        brand.settings.config_path.write_text(
            blocks[0] + "".join(b for b in blocks[1:] if f'"{ACCOUNT}"' in b or '"awin"' in b)
        )
        brand.settings = load_settings(brand.settings.config_path)
        connector = brand.connectors["cj"]
        stream = replace(connector.streams[0], open_records=None)
        brand.connectors["cj"] = replace(
            connector, limits=(RateLimit(10_000, timedelta(seconds=1)),), streams=(stream,)
        )
        brand.sandbox = sandbox
        yield Cj(brand, sandbox)
