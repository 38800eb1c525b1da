"""Drops the sample files of a network that is read by file, as somebody would, and lands them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from affiliate_assets.landing.files import drops_of, land_files
from affiliate_assets.landing.pages import Manifest
from affiliate_assets.settings import Settings
from tests.networks.cases import BY_FILE, Cases, cases_of, sample

HASH_KEY = "a key for invented customers"


def settings_of(slug: str, folder: Path) -> Settings:
    """A brand with the accounts of the samples, whose files lie in `drop/<account>`."""
    accounts = [
        {
            "network": slug,
            "account_id": account.account_id,
            "currency": account.currency,
            "time_zone": account.time_zone,
            "files": f"drop/{account.account_id}/*",
        }
        for account in cases_of(slug).accounts
    ]
    return Settings.model_validate(
        {
            "brand": {
                "name": "Acme",
                "reporting_currency": "EUR",
                "time_zone": "Europe/Berlin",
                "start_date": "2025-01-01",
            },
            "privacy": {"hash_key": "env:NEVER_SET"},
            "paths": {"data": "."},
            "accounts": accounts,
            "config_path": folder / "affiliate.toml",
        }
    )


def drop(folder: Path, account_id: str, name: str, content: bytes, at: datetime) -> Path:
    """Put a file that was written at an instant where it is looked for."""
    path = folder / "drop" / account_id / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def land(slug: str, folder: Path, at: datetime) -> list[Manifest]:
    """Land what lies there and was not landed yet, below `landing`."""
    source, settings = BY_FILE[slug], settings_of(slug, folder)
    return land_files(settings, source, drops_of(settings, source), hash_key=HASH_KEY, run_id="run-1", as_of=at)


def drop_all(slug: str, folder: Path, order: Sequence[int] | None = None) -> tuple[Manifest, ...]:
    """The files of every pull, in turn or in another order, each landed before the next is dropped."""
    cases: Cases = cases_of(slug)
    manifests: list[Manifest] = []
    for number in order or range(len(cases.pulls)):
        pull = cases.pulls[number]
        account_id = pull.account_id or cases.accounts[0].account_id
        for page in pull.files:
            drop(folder, account_id, page.file, sample(slug, page.file), pull.at)
        manifests += land(slug, folder, max(each.at for each in cases.pulls))
    return tuple(manifests)
