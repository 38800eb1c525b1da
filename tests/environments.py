"""Environments of other implementations, which are no part of the package's own."""

from __future__ import annotations

from pathlib import Path


def made_of(environment: Path, requirements: Path) -> bool:
    """Whether an environment was made, and of the requirements as they are now; the Makefile leaves a copy in it."""
    installed = environment / "requirements.txt"
    return installed.exists() and installed.read_bytes() == requirements.read_bytes()
