"""The page of a night: the published marts as a person reads them, in one file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from affiliate_assets.report import words
from affiliate_assets.report.figures import channels_of, draw_charts, models_of
from affiliate_assets.report.svg import PALETTE, Chart
from affiliate_assets.report.tables import Row, Tables, read_tables
from affiliate_assets.settings import Brand

_TEMPLATES = Environment(
    loader=PackageLoader("affiliate_assets.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(
    {function.__name__: function for function in (words.name, words.number, words.percent, words.left)}
)


@dataclass(frozen=True, slots=True)
class Report:
    """A drawn page and its charts.

    Attributes:
        page: The HTML. The same marts of the same run give the same bytes.
        charts: What it shows, for other places that show it.
        error: Why it could not be drawn; `page` then says so, and there are no charts.
    """

    page: str
    charts: tuple[Chart, ...]
    error: Exception | None = None


def draw_report(file: Path, brand: Brand, *, run_id: str, as_of: datetime) -> Report:
    """The report of the marts in the published file.

    It never raises: a page must not keep the marts from their readers.
    """
    head = {"brand": brand, "run_id": run_id, "as_of": as_of, "moment": _moments(brand), "palette": PALETTE}
    try:
        tables = read_tables(file)
        money = words.Money({row["currency"]: row["digits"] for row in tables["currencies"]})
        charts = draw_charts(tables, brand.reporting_currency, money)
        page = _TEMPLATES.get_template("report.html.j2").render(
            **head,
            tables=tables,
            charts={chart.name: chart for chart in charts},
            currency=brand.reporting_currency,
            money=money,
            held=[row for row in tables["accounts"] if row["completeness"] != "in"],
            credits=_by_model(tables),
            overlap=_by_network(tables),
            by=_groups,
        )
    except Exception as error:
        return Report(_TEMPLATES.get_template("failed.html.j2").render(**head), (), error)
    return Report(page, charts)


def _moments(brand: Brand) -> dict[str, object]:
    zone = ZoneInfo(brand.time_zone)
    return {"utc": words.moment, "local": lambda instant: words.moment(instant, zone)}


def _groups(rows: Iterable[Row], key: str) -> list[tuple[str, list[Row]]]:
    """Rows that follow each other with the same value."""
    return [(value, list(group)) for value, group in groupby(rows, key=lambda row: row[key])]


def _by_model(tables: Tables) -> dict[str, object]:
    rows = tables["credits"]
    return {
        "models": models_of(rows),
        "channels": channels_of(rows),
        "cells": {(row["attribution_model"], row["channel"]): row for row in rows},
    }


def _by_network(tables: Tables) -> dict[str, object]:
    rows = tables["overlap"]
    return {
        "networks": sorted({row["network_name"] for row in rows}),
        "cells": {(row["network_name"], row["other_name"]): row for row in rows},
    }
