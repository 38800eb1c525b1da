"""CSV exports → landed pages. Personal columns become keyed hashes before anything is written."""

from __future__ import annotations

import csv
import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from affiliate_assets.crm.streams import FileStream
from affiliate_assets.errors import AffiliateError, RecordError, Where
from affiliate_assets.landing.pages import Manifest, WindowFolder, manifests
from affiliate_assets.landing.typed import BROKEN

SOURCE = "crm"
ACCOUNT = "exports"
PAGE_ROWS = 50_000
_encoder = msgspec.json.Encoder()


def land_exports(
    stream: FileStream, files: list[Path], *, landing: Path, hash_key: str, run_id: str, as_of: datetime
) -> list[Manifest]:
    """Land each file that has not been landed completely yet; the same content is never landed twice.

    Returns:
        One manifest for each file that was read now; a refused file is `failed` with the reason, and is
        tried again next time.
    """
    done = {
        manifest.window_id for _, manifest in manifests(landing, SOURCE, stream.name) if manifest.status == "complete"
    }
    results = []
    for file in sorted(files):
        content_id = f"{file.stem}_{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"
        if content_id in done:
            continue
        manifest = Manifest(
            window_id=content_id,
            network=SOURCE,
            account_id=ACCOUNT,
            stream=stream.name,
            clock=None,
            window_start=None,
            window_end=None,
            keys=0,
            reason=f"file {file.name}",
            time_zone=stream.time_zone,
            run_id=run_id,
            as_of=as_of,
            started_at=datetime.now(UTC),
        )
        results.append(_land(stream, file, WindowFolder(landing, manifest), hash_key, as_of))
    return results


def _land(stream: FileStream, file: Path, folder: WindowFolder, hash_key: str, as_of: datetime) -> Manifest:
    manifest = folder.manifest
    try:
        records = _records(stream, file, hash_key)
        while page := list(islice(records, PAGE_ROWS)):
            folder.add_page(_encoder.encode_lines(page), len(page), run_id=manifest.run_id, as_of=as_of)
        manifest.status, manifest.proof = "complete", "the whole file was read"
    except AffiliateError as error:
        where = Where(SOURCE, ACCOUNT, stream.name, file.name)
        if isinstance(error, RecordError):
            manifest.pages = []
        manifest.status, manifest.message = "failed", str(error.at(where))
    manifest.finished_at = datetime.now(UTC)
    try:
        folder.save()
    except AffiliateError as error:
        manifest.status, manifest.message = "failed", str(error)
    return manifest


def _records(stream: FileStream, file: Path, hash_key: str) -> Iterator[dict[str, str | None]]:
    """The file's rows as records; a row with the wrong number of fields keeps only its line and the reason.

    Raises:
        RecordError: The file has no header, lacks a column, or is not UTF-8; it is refused whole.
    """
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            missing = sorted(stream.columns - set(header))
            if missing:
                raise RecordError(
                    f"The header of {file.name} (line 1) has no column {', '.join(missing)}.",
                    next_step="export the file again with all columns; nothing of it was taken.",
                )
            for row in reader:
                if not row:
                    continue
                if len(row) != len(header):
                    # Which value stands where is unknown, so none may be written: one could be personal.
                    yield {BROKEN: f"{file.name} line {reader.line_num}: {len(row)} fields instead of {len(header)}"}
                    continue
                yield _allowed(stream, dict(zip(header, row, strict=True)), hash_key)
        except UnicodeDecodeError as error:
            raise RecordError(
                f"{file.name} is not UTF-8 (byte {error.start}).",
                next_step="export the file again as UTF-8; nothing of it was taken.",
            ) from None
        except csv.Error as error:
            raise RecordError(
                f"{file.name} cannot be read as CSV at line {reader.line_num}: {error}.",
                next_step="mend the quotes in that line or export again; nothing of it was taken.",
            ) from None


def _allowed(stream: FileStream, row: dict[str, str], hash_key: str) -> dict[str, str | None]:
    record: dict[str, str | None] = {}
    for name in sorted(stream.columns):
        value = row[name].strip() or None
        if name in stream.hashed:
            record[stream.hashed[name]] = None if value is None else keyed_hash(value, hash_key)
        elif name in stream.hosts:
            record[stream.hosts[name]] = None if value is None else urlsplit(value).hostname
        else:
            record[name] = value
    return record


def keyed_hash(value: str, key: str) -> str:
    """HMAC-SHA-256 of a personal value, lower case and trimmed, so that both sides of a join agree."""
    return hmac.new(key.encode(), value.strip().lower().encode(), hashlib.sha256).hexdigest()
