"""The landing zone: one folder a window, one file a page, one manifest.

`landing/<network>/<account>/<stream>/<window id>/0001.ndjson.zst` holds one record a line, as received
(personal and unknown fields out). `window.json` lists the pages landed so far; it is rewritten after each
page, so that whatever is listed is whole on disk, and whatever is not listed does not exist.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import uuid
from collections.abc import Container, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
import zstandard

from affiliate_assets.errors import RetryableError, Where
from affiliate_assets.secrets import mask

MANIFEST = "window.json"
# Abandoned: left unfinished by an earlier run, and asked for again in a window of its own.
Status = Literal["open", "complete", "incomplete", "failed", "abandoned"]


class UnknownField(msgspec.Struct):
    """A field that the declaration does not know: its first value, masked, and how many records have it."""

    sample: str
    records: int


class LandedPage(msgspec.Struct):
    """One page on disk.

    Attributes:
        observed_at: What the run that asked took for the present (UTC). Neither the network's clock nor this
            machine's: either may be wrong or simulated. Of a file, the moment of its export.
        fetched_at: This machine's clock when the answer was whole (UTC).
        cursor: Where the page after this one begins; None after the last.
        call_id: The call that brought it; None for a file.
        unknown_fields: Fields that the declaration does not know; their values are not kept.
    """

    page_id: str
    page: int
    file: str
    sha256: str
    records: int
    bytes: int
    fetched_at: datetime
    observed_at: datetime
    run_id: str
    call_id: str | None = None
    cursor: str | None = None
    unknown_fields: dict[str, UnknownField] = {}


class DeadLetter(msgspec.Struct):
    """A question that got no usable answer: what was asked, and what came, without secrets and values."""

    page: int
    reason: str
    message: str
    at: datetime
    request: str
    status: int
    content_type: str | None
    bytes: int
    sha256: str
    masked_sample: str


class ControlReport(msgspec.Struct):
    """The network's own total of the records between two instants (UTC, half-open)."""

    start: datetime
    end: datetime
    records: int
    amount: str
    call_id: str
    asked_at: datetime


class Manifest(msgspec.Struct):
    """Everything about one window's pull; times are UTC.

    Attributes:
        keys: Records asked for by id.
        proof: How it is known that nothing is missing; None while the window is not complete.
        expected_records: How many records the network says the window holds, where it says so.
        resume_at: When an incomplete window may go on, where the network or the budget tells it.
        job_id: The network's job that prepares the records.
    """

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
    proof: str | None = None
    expected_records: int | None = None
    resume_at: datetime | None = None
    job_id: str | None = None
    pages: list[LandedPage] = []
    dead_letters: list[DeadLetter] = []
    control: ControlReport | None = None

    @property
    def records(self) -> int:
        return sum(page.records for page in self.pages)

    @property
    def cursor(self) -> str | None:
        """Where the next page begins; None before the first."""
        return self.pages[-1].cursor if self.pages else None


class WindowFolder:
    """Writes one window: pages, then after each page the manifest. Nothing is written before the first `save`."""

    def __init__(self, landing: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self.path = landing / manifest.network / manifest.account_id / manifest.stream / manifest.window_id
        self._where = Where(manifest.network, manifest.account_id, manifest.stream, manifest.window_id)
        self._compressor = zstandard.ZstdCompressor(level=3, write_content_size=True)

    def add_page(
        self,
        lines: bytes,
        records: int,
        *,
        run_id: str,
        as_of: datetime,
        call_id: str | None = None,
        cursor: str | None = None,
        unknown: Mapping[str, tuple[str, int]] | None = None,
    ) -> None:
        """Land one page; `unknown` are fields outside the declaration, with a value and the number of records.

        Raises:
            RetryableError: The disk refuses the write; nothing landed before is touched.
        """
        number = len(self.manifest.pages) + 1
        file = self.path / f"{number:04d}.ndjson.zst"
        content = self._compressor.compress(lines)
        self._write(file, content)
        self.manifest.pages.append(
            LandedPage(
                page_id=f"{self.manifest.window_id}#{number}",
                page=number,
                file=file.name,
                sha256=hashlib.sha256(content).hexdigest(),
                records=records,
                bytes=len(lines),
                fetched_at=datetime.now(UTC),
                observed_at=as_of,
                run_id=run_id,
                call_id=call_id,
                cursor=cursor,
                unknown_fields={
                    name: UnknownField(mask(value), count) for name, (value, count) in (unknown or {}).items()
                },
            )
        )
        self.save()

    def save(self) -> None:
        """Write the manifest as it is now.

        Raises:
            RetryableError: The disk refuses the write; what was written before is untouched.
        """
        self._write(self.path / MANIFEST, msgspec.json.format(msgspec.json.encode(self.manifest), indent=1))

    def _write(self, file: Path, content: bytes) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            write_whole(file, content)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise RetryableError(
                f"The landing zone cannot be written: {error.strerror or error}.",
                next_step="free disk space below the data folder, then run again; pages already landed are kept."
                if full
                else "check the rights on the data folder, then run again; pages already landed are kept.",
                where=self._where,
                cause="disk",
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


def manifests(
    landing: Path, network: str, stream: str, *, account: str = "*", skip: Container[str] = ()
) -> Iterator[tuple[Path, Manifest]]:
    """The windows of one stream but those to skip, each with its folder, in the order they were started.

    `account` is one account's id; without it, the windows of all accounts.
    """
    accounts = account if account == "*" else glob.escape(account)
    found = [
        (path.parent, msgspec.json.decode(path.read_bytes(), type=Manifest))
        for path in landing.glob(f"{network}/{accounts}/{stream}/*/{MANIFEST}")
        if path.parent.name not in skip
    ]
    yield from sorted(found, key=lambda entry: (entry[1].started_at, entry[1].window_id))
