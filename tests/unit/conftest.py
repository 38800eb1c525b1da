"""What unit tests share; nothing of this machine's environment, and no secret of another test, reaches them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from affiliate_assets import secrets
from affiliate_assets.http.tokens import forget_tokens
from affiliate_assets.landing.tables import create_tables
from affiliate_assets.landing.warehouse import connection

from .acme import STREAM, TOKEN, AcmeBrand, acme_brand, sale
from .bench import Bench
from .logins import SECRETS, Service, running
from .support import SALES


@pytest.fixture(autouse=True)
def clean_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known", set())
    for variable in ("AFFILIATE_CONFIG", "AFFILIATE_NOW", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment holds the token of the invented network."""
    monkeypatch.setenv("ACME_TOKEN", TOKEN)


@pytest.fixture
def login_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment holds what logins need, and no token of another test is known."""
    forget_tokens()
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def service() -> Iterator[Service]:
    """A network with a login."""
    with running(Service()) as started:
        yield started


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """An empty landing zone and warehouse."""
    with connection(tmp_path / "warehouse.duckdb") as warehouse:
        create_tables(warehouse, "acme", (SALES,))
        yield Bench(tmp_path, warehouse)


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AcmeBrand]:
    """A brand of the invented network, which knows three sales."""
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    with acme_brand(tmp_path, STREAM) as brand:
        brand.network.records = [sale(1, "2026-02-12"), sale(2, "2026-02-22"), sale(3, "2026-03-01")]
        yield brand
