"""The landing zone: one folder a window, one file a page, one manifest.

`landing/<network>/<account>/<stream>/<window id>/0001.ndjson.zst` holds one record a line, as received
(personal and unknown fields out). `window.json` lists the pages landed so far; it is rewritten after each
page, so that whatever is listed is whole on disk, and whatever is not listed does not exist.
"""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import Callable, Container, Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
import zstandard

from affiliate_assets.errors import RetryableError, Where

MANIFEST = "window.json"
Status = Literal["open", "complete", "incomplete", "failed"]


class LandedPage(msgspec.Struct):
    """One page on disk. `observed_at` is the network's own clock when it answered (UTC)."""

    page_id: str
    page: int
    file: str
    sha256: str
    records: int
    bytes: int
    fetched_at: datetime
    observed_at: datetime
    unknown_fields: list[str] = []


class Manifest(msgspec.Struct):
    """Everything about one window's pull; times are UTC. `keys` counts records asked for by id."""

    window_id: str
    network: str
    account_id: str
    stream: str
    clock: str | None
    window_start: datetime | None
    window_end: datetime | None
    keys: int
    reason: str
    time_zone: str
    run_id: str
    as_of: datetime
    started_at: datetime
    status: Status = "open"
    finished_at: datetime | None = None
    message: str | None = None
    requests: int = 0
    retries: int = 0
    waited_seconds: float = 0.0
    pages: list[LandedPage] = []

    @property
    def records(self) -> int:
        return sum(page.records for page in self.pages)


class WindowFolder:
    """Writes one window: pages, then after each page the manifest."""

    def __init__(self, landing: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self.path = landing / manifest.network / manifest.account_id / manifest.stream / manifest.window_id
        self._where = Where(manifest.network, manifest.account_id, manifest.stream, manifest.window_id)
        self._compressor = zstandard.ZstdCompressor(level=3, write_content_size=True)
        self._guarded(lambda: self.path.mkdir(parents=True, exist_ok=True))
        self.save()

    def add_page(
        self, lines: bytes, records: int, fetched_at: datetime, observed_at: datetime, unknown: frozenset[str]
    ) -> None:
        """Land one page.

        Raises:
            RetryableError: The disk refuses the write; nothing landed before is touched.
        """
        number = len(self.manifest.pages) + 1
        file = self.path / f"{number:04d}.ndjson.zst"
        content = self._compressor.compress(lines)
        self._guarded(lambda: write_whole(file, content))
        self.manifest.pages.append(
            LandedPage(
                page_id=f"{self.manifest.window_id}#{number}",
                page=number,
                file=file.name,
                sha256=hashlib.sha256(content).hexdigest(),
                records=records,
                bytes=len(lines),
                fetched_at=fetched_at,
                observed_at=observed_at,
                unknown_fields=sorted(unknown),
            )
        )
        self.save()

    def save(self) -> None:
        content = msgspec.json.format(msgspec.json.encode(self.manifest), indent=1)
        self._guarded(lambda: write_whole(self.path / MANIFEST, content))

    def _guarded(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise RetryableError(
                f"The landing zone cannot be written: {error.strerror or error}.",
                next_step="free disk space below the data folder, then run again; pages already landed are kept."
                if full
                else "check the rights on the data folder, then run again; pages already landed are kept.",
                where=self._where,
            ) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is either absent, old, or whole: `.part`, fsync, rename."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def new_window_id(clock: str | None, start: datetime | None, end: datetime | None) -> str:
    """A readable, unique name of one attempt at one window."""
    span = f"{start:%Y%m%dT%H%M%SZ}_{end:%Y%m%dT%H%M%SZ}_" if start and end else ""
    return f"{span}{clock or 'all'}_{uuid.uuid4().hex[:12]}"


def manifests(landing: Path, network: str, stream: str, skip: Container[str] = ()) -> Iterator[tuple[Path, Manifest]]:
    """The windows of one stream but those to skip, each with its folder, in the order they were started."""
    found = [
        (path.parent, msgspec.json.decode(path.read_bytes(), type=Manifest))
        for path in landing.glob(f"{network}/*/{stream}/*/{MANIFEST}")
        if path.parent.name not in skip
    ]
    yield from sorted(found, key=lambda entry: (entry[1].started_at, entry[1].window_id))
