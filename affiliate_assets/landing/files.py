"""Dropped files → landed pages: which files there are, and one window for each that is read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from filelock import FileLock

from affiliate_assets.connectors.files import FileSource, FileStream
from affiliate_assets.crm.configured import as_configured
from affiliate_assets.crm.streams import CRM
from affiliate_assets.errors import AffiliateError, RecordError, RetryableError, Where
from affiliate_assets.landing.pages import Manifest, WindowFolder, manifests
from affiliate_assets.landing.records import DroppedFile
from affiliate_assets.settings import Settings

# The exports of the shop have no account at a network; those of a CRM system have that of their shop.
EXPORTS = "exports"
PAGE_ROWS = 50_000
_CONTENT = re.compile(r"_([0-9a-f]{16})(?:_\d+)?$")
_REASON = "file "
_TAKEN_AWAY = "the file was taken away"
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Drop:
    """A file that lies in a folder of an account now.

    Attributes:
        stream: What it holds; None where the account's folder holds a file of no stream.
        time_zone: Zone of its naive times.
    """

    path: Path
    account_id: str
    stream: FileStream | None
    time_zone: str

    @property
    def content(self) -> str:
        """The first 16 digits of the SHA-256 of its content.

        Raises:
            RetryableError: It cannot be read, or is gone.
        """
        try:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()[:16]
        except OSError as error:
            raise RetryableError(
                f"{self.path.name} cannot be read: {error.strerror or error}.",
                next_step="check the rights on the file, then run again.",
                cause="disk",
            ) from error

    def told_at(self) -> datetime | None:
        """The moment of the export as the file's name tells it (UTC)."""
        return None if self.stream is None else told_at(self.stream, self.path.name, self.time_zone)

    def exported_at(self) -> datetime:
        """The moment of the export (UTC): by the name, else by the time of the file's last change."""
        return self.told_at() or datetime.fromtimestamp(self.path.stat().st_mtime, UTC)


def told_at(stream: FileStream, name: str, zone: str) -> datetime | None:
    """The moment of an export (UTC) as the name of its file tells it, if it does."""
    rule = stream.exported_at
    found = re.search(rule.pattern, name) if rule else None
    if rule is None or found is None:
        return None
    try:
        if rule.form == "unix_ms":
            return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(found.group(1)))
        local = datetime.strptime(found.group(1), rule.form)  # noqa: DTZ007
    except ValueError:
        return None
    return (local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def drops_of(settings: Settings, source: FileSource) -> list[Drop]:
    """The files of the source that lie in the configured folders now, oldest export first."""
    if source.slug == CRM.slug:
        streams = {stream.name: stream for stream in source.streams}
        configured = [(export, as_configured(streams[export.stream], export)) for export in settings.exports]
        found = [
            Drop(path, export.shop or EXPORTS, stream, stream.time_zone)
            for export, stream in configured
            for path in _files(settings, export.path)
        ]
    else:
        found = []
        for account in settings.accounts_of(source.slug):
            for path in _files(settings, account.files):
                stream = next((stream for stream in source.streams if fnmatch(path.name, stream.names)), None)
                zone = account.time_zone or (stream or source.streams[0]).time_zone
                found.append(Drop(path, account.account_id, stream, zone))
    once = {(drop.path, drop.account_id): drop for drop in found}
    return sorted(once.values(), key=lambda drop: (drop.exported_at(), drop.path))


def _files(settings: Settings, pattern: str | None) -> Iterator[Path]:
    for path in settings.config_path.parent.glob(pattern) if pattern else ():
        # What begins so belongs to a program: a file still open in a spreadsheet, a copy under way.
        if path.is_file() and not path.name.startswith((".", "~")):
            yield path


def waiting(settings: Settings, source: FileSource, drops: Iterable[Drop]) -> list[Drop]:
    """Those of the files that have not been landed completely yet; the same content is never landed twice.

    Where names tell the moment of the export, an export that came to the same as an earlier one is another file.
    """
    known: set[tuple[str, str, str, datetime | None]] = set()
    for stream in source.streams:
        for _, manifest in manifests(settings.landing, source.slug, stream.name):
            if manifest.status == "complete":
                told = told_at(stream, manifest.reason.removeprefix(_REASON), manifest.time_zone)
                (content,) = _CONTENT.findall(manifest.window_id)
                known.add((stream.name, manifest.account_id, content, told))
    left = []
    for drop in drops:
        if drop.stream is not None:
            file = (drop.stream.name, drop.account_id, drop.content, drop.told_at())
            if file not in known:
                known.add(file)
                left.append(drop)
    return left


def _window_id(drop: Drop, content: str) -> str:
    return f"{drop.path.stem}_{content}"


def land_files(
    settings: Settings, source: FileSource, drops: Iterable[Drop], *, hash_key: str, run_id: str, as_of: datetime
) -> list[Manifest]:
    """Land each file that waits.

    Returns:
        One manifest for each file that was read now; a refused file is `failed` with the reason, and is tried again
        next time, unless it was taken away.
    """
    drops, results = list(drops), []
    lock = settings.data / "state" / "pulls" / f"{source.slug}-files.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    # A run for files that arrived may meet the night's; whoever comes second finds them landed.
    with FileLock(lock):
        gone = _settle_those_taken_away(settings, source, drops)
        for drop in waiting(settings, source, drops):
            assert drop.stream is not None
            content_id = _window_id(drop, drop.content)
            times = sum(window_id == content_id or window_id.startswith(f"{content_id}_") for window_id in gone)
            manifest = Manifest(
                # One that was given up is settled in the warehouse and takes no more pages.
                window_id=f"{content_id}_{times + 1}" if times else content_id,
                network=source.slug,
                account_id=drop.account_id,
                stream=drop.stream.name,
                clock=None,
                window_start=None,
                window_end=None,
                keys=0,
                reason=f"{_REASON}{drop.path.name}",
                time_zone=drop.time_zone,
                run_id=run_id,
                as_of=as_of,
                started_at=datetime.now(UTC),
            )
            results.append(_land(drop, drop.stream, WindowFolder(settings.landing, manifest), hash_key))
    return results


def _settle_those_taken_away(settings: Settings, source: FileSource, drops: list[Drop]) -> set[str]:
    """Give up the refused files that nobody dropped again; returns the windows given up so far."""
    there = {(drop.account_id, f"{_REASON}{drop.path.name}") for drop in drops}
    given_up = set()
    for stream in source.streams:
        for folder, manifest in manifests(settings.landing, source.slug, stream.name):
            if manifest.status in ("failed", "open") and (manifest.account_id, manifest.reason) not in there:
                manifest.status, manifest.message, manifest.pages = "abandoned", _TAKEN_AWAY, []
                opened = WindowFolder(settings.landing, manifest)
                assert opened.path == folder
                opened.save()
            if manifest.status == "abandoned":
                given_up.add(manifest.window_id)
    return given_up


def _land(drop: Drop, stream: FileStream, folder: WindowFolder, hash_key: str) -> Manifest:
    manifest = folder.manifest
    # A clock ahead of the run's present would keep every later version from winning.
    observed_at = min(drop.exported_at(), manifest.as_of)
    try:
        file = DroppedFile(drop.path, stream, drop.account_id, hash_key)
        file.check()
        records = file.records()
        while (page := list(islice(records, PAGE_ROWS))) or not manifest.pages:
            unknown, file.unknown = file.unknown, {}
            folder.add_page(
                _encoder.encode_lines(page), len(page), run_id=manifest.run_id, as_of=observed_at, unknown=unknown
            )
        manifest.status, manifest.proof = "complete", file.proof
    except AffiliateError as error:
        where = Where(manifest.network, drop.account_id, stream.name, drop.path.name)
        if isinstance(error, RecordError):
            manifest.pages = []
        manifest.status, manifest.message = "failed", str(error.at(where))
    manifest.finished_at = datetime.now(UTC)
    try:
        folder.save()
    except AffiliateError as error:
        manifest.status, manifest.message = "failed", str(error)
    return manifest
