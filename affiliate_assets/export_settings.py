"""The part of the settings on files that a shop or CRM drops."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

# Streams of systems in which orders are records among others.
SYSTEMS = ("hubspot_deals", "salesforce_opportunities")
_OF_SYSTEMS = ("shop", "currency", "amount_is", "is_full", "stages", "order_id_pattern")
ANY_MOMENT = datetime(2026, 11, 23, 21, 58, 47, tzinfo=UTC)


@cache
def told_by(form: str) -> datetime:
    """What is left of `ANY_MOMENT` when it was written in a form and read again.

    Raises:
        ValueError: What the form writes cannot be read by it.
    """
    return datetime.strptime(ANY_MOMENT.strftime(form), form)  # noqa: DTZ007


def zone(value: str) -> str:
    """The name of an IANA time zone."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{value!r} is not an IANA time zone such as 'Europe/Berlin'") from error
    return value


Zone = Annotated[str, AfterValidator(zone)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")]
Stage = Literal["open", "paid", "partially_refunded", "refunded", "cancelled"]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExportSettings(Section):
    """One kind of file that a shop or CRM drops."""

    stream: Literal[
        "orders",
        "order_items",
        "touchpoints",
        "terms",
        "decisions",
        "publisher_contacts",
        "incrementality",
        "hubspot_deals",
        "salesforce_opportunities",
        "ga4_events",
        "snowplow_events",
        "segment_pages",
        "segment_orders",
        "ad_spend",
    ]
    path: str = Field(description="glob, relative to the configuration file")
    time_zone: Zone | None = Field(default=None, description="zone of times that tell none")
    columns: dict[str, str] = Field(default_factory=dict, description="field → title in the file")
    left_out: tuple[str, ...] = Field(default=(), description="titles that are known and not needed")
    dates: tuple[str, ...] = Field(default=(), description="how dates are written, as of strptime, beside ISO 8601")
    decimal: Literal[".", ","] | None = None
    thousands: str | None = Field(default=None, max_length=1)
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str | None = None
    shop: str | None = Field(
        default=None, pattern=r"^[^/\\*?\[\]]+$", description="shop of the orders, where the file tells none"
    )
    currency: Currency | None = Field(default=None, description="of records that tell none")
    order_id_pattern: str | None = Field(default=None, description="finds the order id in its column")
    amount_is: Literal["gross", "net_goods"] = Field(
        default="gross", description="what the amount is: all that was charged, or the goods net of tax and discount"
    )
    is_full: bool = Field(default=False, description="each file holds every record that there is")
    stages: dict[Stage, tuple[str, ...]] = Field(default_factory=dict, description="our status → the system's words")

    @field_validator("dates")
    @classmethod
    def _dates_can_be_read(cls, dates: tuple[str, ...]) -> tuple[str, ...]:
        for form in dates:
            # Python reads the name of a zone and forgets it.
            if "%Z" in form:
                raise ValueError(f"{form!r} tells a zone by its name; only an offset can be read, written '%z'")
            try:
                read = told_by(form).date()
            except ValueError:
                read = None
            if read != ANY_MOMENT.date():
                raise ValueError(f"{form!r} does not tell a day; write it like '%d/%m/%Y' or '%d.%m.%Y %H:%M'")
        return dates

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, encoding: str | None) -> str | None:
        try:
            return encoding and codecs.lookup(encoding).name
        except LookupError as error:
            raise ValueError(f"{encoding!r} is no encoding such as 'utf-8-sig' or 'iso-8859-1'") from error

    @field_validator("order_id_pattern")
    @classmethod
    def _pattern_has_at_most_a_group(cls, pattern: str | None) -> str | None:
        try:
            groups = re.compile(pattern or "").groups
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        if groups > 1:
            raise ValueError("the pattern has several groups; one tells which part is the order id")
        return pattern

    @model_validator(mode="after")
    def _says_what_its_stream_needs(self) -> ExportSettings:
        if self.decimal is not None and self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same sign")
        for title, count in Counter(self.columns.values()).items():
            if count > 1:
                raise ValueError(f"the column {title!r} is named for two fields")
        if self.stream not in SYSTEMS:
            given = [name for name in _OF_SYSTEMS if name in self.model_fields_set]
            if given:
                raise ValueError(f"{', '.join(given)}: only for {' and '.join(SYSTEMS)}")
            return self
        missing = [name for name in ("shop", "currency", "time_zone") if getattr(self, name) is None]
        if missing:
            raise ValueError(f"{self.stream} needs {', '.join(missing)}: its files do not always tell them")
        words = Counter(word.strip().lower() for words in self.stages.values() for word in set(words))
        twice = sorted(word for word, count in words.items() if count > 1)
        if twice:
            raise ValueError(f"stages names {', '.join(map(repr, twice))} twice")
        return self
