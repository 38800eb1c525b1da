"""Instructions that a person uploads: what the journal calls written, as files in a folder, and nothing else there.

The folder follows from the journal alone and is put right at every step, so that a kill between the two leaves no file
too many for longer than until the next command, and no instruction is ever in two files.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from affiliate_assets.corrections.journal import Entry, Journal
from affiliate_assets.networks import api_connectors


@dataclass(frozen=True, slots=True)
class Handed:
    """A file that lies there for upload.

    Attributes:
        steps: Who does what with it.
    """

    path: Path
    batch_id: str
    ids: tuple[str, ...]
    steps: str


def folder_of(data: Path) -> Path:
    """Where the files lie."""
    return data / "corrections"


def put_files(data: Path, journal: Journal) -> list[Handed]:
    """Let the folder hold exactly what is written and not uploaded yet, and return its files."""
    together: dict[str, list[Entry]] = {}
    for entry in journal.of(["written"]):
        together.setdefault(entry.batch_id or "", []).append(entry)
    handed = [_put(data, batch_id, entries) for batch_id, entries in sorted(together.items())]
    there = {file.path for file in handed}
    for path in folder_of(data).glob("*/*/*"):
        if path not in there:
            path.unlink()
    return handed


def _put(data: Path, batch_id: str, entries: list[Entry]) -> Handed:
    told = entries[0].instruction
    corrections = api_connectors()[told.network].corrections
    assert corrections is not None
    at = entries[0].sent_at or entries[0].drafted_at
    request = corrections.request(told.account_id, tuple(entry.instruction for entry in entries), at)
    path = folder_of(data) / told.network / told.account_id / f"{batch_id}-{request.path}"
    content = request.content or b""
    if not path.exists() or path.read_bytes() != content:
        _write(path, content)
    ids = tuple(entry.instruction.instruction_id for entry in entries)
    return Handed(path, batch_id, ids, corrections.by_hand)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".half")
    with suppress(FileNotFoundError):
        half.unlink()
    with half.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
