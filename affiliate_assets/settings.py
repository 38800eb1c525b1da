"""Typed settings: `affiliate.toml` plus the environment.

The file holds names, ids, zones and dates, never a secret: a secret field takes a reference
(`env:NAME` or `file:PATH`) that is resolved only when a pull is set up. `AFFILIATE_CONFIG` names the
file, `AFFILIATE_NOW` (ISO 8601 instant) replaces the clock for every decision on dates.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from affiliate_assets.errors import ConfigError
from affiliate_assets.export_settings import SYSTEMS, Currency, ExportSettings, Section, Zone

CONFIG_VARIABLE = "AFFILIATE_CONFIG"
NOW_VARIABLE = "AFFILIATE_NOW"
PROJECT_ROOT = Path(__file__).resolve().parent.parent


def _reference(value: str) -> str:
    scheme, _, name = value.partition(":")
    if scheme not in ("env", "file") or not name:
        # The value itself is not repeated: it may be the secret.
        raise ValueError("a secret must be a reference: 'env:NAME' or 'file:PATH', never the value itself")
    return value


SecretReference = Annotated[str, AfterValidator(_reference)]


class Brand(Section):
    """Who the programmes belong to, and the currency and zone the reports are read in."""

    name: str
    reporting_currency: Currency
    time_zone: Zone
    start_date: date = Field(description="first day ever pulled, in the brand's time zone")


class Paths(Section):
    """Where data live; landing/, warehouse/ and published/ are folders below `data`."""

    data: Path = Path("data")


class Privacy(Section):
    """Key of the keyed hash that replaces personal fields before the first write."""

    hash_key: SecretReference


class Quality(Section):
    """How much may be wrong before a network is reported as not in order."""

    max_rejected_share: float = Field(default=0.01, ge=0, le=1)


class Pulls(Section):
    """How stubborn a pull is with a network that does not answer."""

    attempts: int = Field(default=5, ge=1, description="how often one call is tried")
    seconds: float = Field(default=300.0, gt=0, description="how long one call is tried in all, and waits for its turn")
    first_wait: float = Field(default=1.0, gt=0, description="seconds before the second attempt, at most")
    circuit_failures: int = Field(default=3, ge=1, description="failed windows in a row that open a circuit")
    circuit_seconds: float = Field(default=300.0, gt=0, description="how long an open circuit leaves a network alone")


class VoucherOwner(Section):
    """A publisher that a voucher code was given to, by its id on one network."""

    code: str = Field(min_length=1)
    network: str
    publisher_id: str


class Matching(Section):
    """How conversions and orders are matched, and which of several claims keeps an order."""

    order_id_prefixes: tuple[str, ...] = Field(
        default=(), description="text that a network or tag manager puts before the shop's order id"
    )
    winner: Literal["last_click", "first_reported", "priority", "voucher_owner"] = Field(
        default="last_click", description="what decides between claims first; what it leaves equal, the last click does"
    )
    network_priority: tuple[str, ...] = Field(
        default=(), description="networks in the order in which they keep an order; one not named comes last"
    )
    voucher_owners: tuple[VoucherOwner, ...] = ()
    order_id_cut_at: tuple[Annotated[int, Field(ge=12)], ...] = Field(
        default=(50,), description="characters after which a network or form cuts an order id"
    )
    named_within_days: int = Field(
        default=3, ge=1, description="how far sale and order may lie apart where an id was cut or stands in a text"
    )
    inferred_within_minutes: int = Field(
        default=60, ge=1, description="how far sale and order may lie apart where no id says that they are one"
    )
    click_within_seconds: int = Field(
        default=5, ge=0, description="how far a network's click and the landing in the shop may lie apart"
    )
    least_score: Decimal = Field(
        default=Decimal("0.70"), gt=0, le=1, decimal_places=2, description="a pair without an id needs this score"
    )

    @model_validator(mode="after")
    def _policy_has_what_it_goes_by(self) -> Matching:
        if self.winner == "priority" and not self.network_priority:
            raise ValueError("winner = 'priority' needs network_priority, the networks in order")
        if self.winner == "voucher_owner" and not self.voucher_owners:
            raise ValueError("winner = 'voucher_owner' needs voucher_owners: code, network and publisher_id of each")
        if len(set(self.network_priority)) < len(self.network_priority):
            raise ValueError("network_priority names a network twice")
        return self


class AccountSettings(Section):
    """One account on one network; several accounts may name the same credential."""

    network: str
    account_id: str
    name: str | None = None
    currency: Currency | None = None
    base_url: str | None = None
    time_zone: Zone | None = Field(
        default=None, description="zone of the network's naive times, where it is a setting of the account"
    )
    credentials: dict[str, SecretReference] = Field(default_factory=dict)
    corrections: dict[str, str] = Field(
        default_factory=dict, description="what the network's correction call needs and its data do not tell"
    )
    files: str | None = Field(
        default=None, description="of a network that is read from files: glob, relative to the configuration file"
    )


class Settings(Section):
    """The whole configuration of one brand."""

    brand: Brand
    paths: Paths = Paths()
    privacy: Privacy
    quality: Quality = Quality()
    pulls: Pulls = Pulls()
    matching: Matching = Matching()
    exports: tuple[ExportSettings, ...] = ()
    accounts: tuple[AccountSettings, ...] = ()
    config_path: Path

    @field_validator("accounts")
    @classmethod
    def _accounts_are_distinct(cls, accounts: tuple[AccountSettings, ...]) -> tuple[AccountSettings, ...]:
        seen = [(account.network, account.account_id) for account in accounts]
        for entry in seen:
            if seen.count(entry) > 1:
                raise ValueError(f"account {entry[1]} of {entry[0]} is listed more than once")
        return accounts

    @field_validator("exports")
    @classmethod
    def _systems_are_distinct(cls, exports: tuple[ExportSettings, ...]) -> tuple[ExportSettings, ...]:
        seen = [(export.stream, export.shop) for export in exports if export.stream in SYSTEMS]
        for stream, shop in seen:
            if seen.count((stream, shop)) > 1:
                raise ValueError(f"{stream} of shop {shop} is listed more than once")
        return exports

    @property
    def data(self) -> Path:
        """Absolute data folder; a relative one is read from the configuration file's folder."""
        return (self.config_path.parent / self.paths.data).resolve()

    @property
    def landing(self) -> Path:
        return self.data / "landing"

    @property
    def warehouse(self) -> Path:
        return self.data / "warehouse" / "affiliate.duckdb"

    @property
    def published(self) -> Path:
        return self.data / "published"

    @property
    def dbt_project(self) -> Path:
        return PROJECT_ROOT / "dbt_project"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.brand.time_zone)

    def accounts_of(self, network: str) -> tuple[AccountSettings, ...]:
        return tuple(account for account in self.accounts if account.network == network)

    def start(self) -> datetime:
        """First instant ever pulled (UTC): midnight of `start_date` in the brand's zone."""
        first = self.brand.start_date
        return datetime(first.year, first.month, first.day, tzinfo=self.zone).astimezone(UTC)


def config_path() -> Path:
    """The configuration file in force: `AFFILIATE_CONFIG`, else `affiliate.toml` beside the project."""
    return Path(os.environ.get(CONFIG_VARIABLE, PROJECT_ROOT / "affiliate.toml"))


def load_settings(path: Path | None = None) -> Settings:
    """Read and check the configuration.

    Raises:
        ConfigError: The file is missing, is not TOML, or a value is refused; the message names each
            field and never repeats a value.
    """
    path = (path or config_path()).resolve()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"There is no configuration file at {path}.",
            next_step=f"copy affiliate.toml.example there, or set {CONFIG_VARIABLE}.",
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.", next_step="mend that line.") from error
    try:
        return Settings.model_validate({**document, "config_path": path})
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'file'}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False, include_context=False)
        )
        raise ConfigError(
            f"{path} is refused: {problems}.",
            next_step="correct these fields; affiliate.toml.example shows all.",
        ) from None


def now(environment: Mapping[str, str] = os.environ) -> datetime:
    """The present instant (UTC), or `AFFILIATE_NOW` where a past night is run again.

    Never used for rate budgets or time-outs.

    Raises:
        ConfigError: `AFFILIATE_NOW` is not an ISO 8601 instant with an offset.
    """
    text = environment.get(NOW_VARIABLE)
    if not text:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ConfigError(
            f"{NOW_VARIABLE}={text!r} is not an instant.", next_step="write it like 2026-03-01T03:00:00Z."
        )
    return instant.astimezone(UTC)
