"""The secret file of a refresh token that the network replaces at every use."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from affiliate_assets.errors import ConfigError, RetryableError
from affiliate_assets.secrets import register

_ROOM = 16_384  # bytes kept free for the new content
_LOCK_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What the file holds; `renew_at` in Unix seconds, None where the network does not tell a life."""

    refresh_token: str
    access_token: str | None = None
    renew_at: float | None = None


class RotatingFile:
    """Read and replaced under a lock beside it, so that two processes never spend the same refresh token.

    Its first content is the bare refresh token; from then on JSON with refresh_token, access_token and expires_at.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the file against every other process and thread.

        Raises:
            ConfigError: The folder cannot be written.
            RetryableError: Another process does not let go of it.
        """
        try:
            lock = FileLock(self._path.with_name(f"{self._path.name}.lock"), timeout=_LOCK_SECONDS)
            lock.acquire()
        except Timeout:
            raise RetryableError(
                f"Another process has held {self._path} for {_LOCK_SECONDS:.0f} s.",
                next_step="run again later; if it stays, look for a process that hangs.",
            ) from None
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            yield
        finally:
            lock.release()

    def read(self) -> Kept:
        """What it holds now.

        Raises:
            ConfigError: It is missing, empty or no longer what was written.
        """
        try:
            text = self._path.read_text(encoding="utf-8").strip()
            if not text:
                raise ValueError("empty")
            kept = _parsed(text)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"The refresh token in {self._path} is unreadable ({type(error).__name__}).",
                next_step="authorise again and write the new refresh token alone into that file.",
            ) from None
        for secret in (kept.refresh_token, kept.access_token):
            register(secret or "")
        return kept

    @contextmanager
    def prepared(self) -> Iterator[Callable[[Kept], None]]:
        """Room on the disk for the new content, made before the network is asked for it; then its replacement.

        Raises:
            ConfigError: The folder cannot be written.
        """
        part = self._path.with_name(f"{self._path.name}.part")
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                os.fchmod(descriptor, 0o600)
                os.write(descriptor, b" " * _ROOM)
                os.fsync(descriptor)
            except OSError:
                os.close(descriptor)
                raise
        except OSError as error:
            raise self._unwritable(error) from None
        try:

            def replace(kept: Kept) -> None:
                content = {**asdict(kept), "expires_at": kept.renew_at}
                del content["renew_at"]
                written = json.dumps(content).encode() + b"\n"
                os.pwrite(descriptor, written, 0)
                os.ftruncate(descriptor, len(written))
                os.fsync(descriptor)
                part.replace(self._path)

            yield replace
        finally:
            os.close(descriptor)
            with suppress(FileNotFoundError):
                part.unlink()

    def _unwritable(self, error: OSError) -> ConfigError:
        return ConfigError(
            f"The refresh token in {self._path} could not be replaced ({error.strerror}).",
            next_step="let this user write that file and its folder; one that is never replaced may come from env:.",
        )


def _parsed(text: str) -> Kept:
    if not text.startswith("{"):
        return Kept(text)
    content = json.loads(text)
    expires = content.get("expires_at")
    access = content.get("access_token")
    return Kept(
        str(content["refresh_token"]),
        None if access is None else str(access),
        None if expires is None else float(expires),
    )
