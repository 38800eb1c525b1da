"""Nothing of this machine's environment, and no secret of another test, reaches a unit test."""

from __future__ import annotations

import pytest

from affiliate_assets import secrets


@pytest.fixture(autouse=True)
def clean_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known", set())
    for variable in ("AFFILIATE_CONFIG", "AFFILIATE_NOW", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(variable, raising=False)
