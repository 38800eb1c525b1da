"""A few hand-written marts for the report, and how to read its page: the tables as a reader sees them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb

from affiliate_assets.report.page import Report, draw_report
from affiliate_assets.settings import Brand

AS_OF = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
BRAND = Brand(name="Acme", reporting_currency="EUR", time_zone="Europe/Berlin", start_date=date(2026, 1, 1))

Marts = dict[str, list[dict[str, Any]]]

_AMOUNTS = {"network_amount", "order_amount", "amount_difference", "commission_at_risk", "order_amount_reporting"}
_AMOUNTS |= {"risk_amount", "risk_amount_reporting", "unclassed_amount", "credited_conversions", "conversion_rate"}
_AMOUNTS |= {"credited_revenue_reporting", "credited_orders", "payout_under_model_reporting", "actual_bill_reporting"}
_AMOUNTS |= {"payout_difference_reporting", "distance_fraction", "scaled_distance_fraction"}
_AMOUNTS |= {"largest_difference_fraction", "not_measured_fraction"}
_COUNTS = {"records", "records_in_classes", "open_windows", "quarantined_rows", "work_rank", "hours_left", "path_rank"}
_COUNTS |= {"touch_count", "orders", "journeys_without_order", "orders_touched", "orders_begun", "orders_assisted"}
_COUNTS |= {"orders_alone", "minor_unit_digits", "span_orders", "compared_count"}

COLUMNS = {
    "dim_currencies": "currency minor_unit_digits",
    "dim_networks": "network network_name",
    "dim_publishers": "network publisher_id publisher_name",
    "fct_attribution_channels": "attribution_model channel credited_conversions credited_revenue_reporting",
    "rpt_attribution_distance": "attribution_model comparison_level measured_from_date measured_to_date withheld_reason"
    " span_orders distance_fraction scaled_distance_fraction largest_difference_fraction largest_channel"
    " largest_network largest_publisher_id compared_count not_measured_fraction",
    "rpt_finance_reconciliation_nightly": "side class network_currency order_currency commission_currency"
    " withheld_reason records network_amount order_amount amount_difference commission_at_risk earliest_act_by_at",
    "rpt_network_overlap": "network other_network orders_touched order_amount_reporting",
    "rpt_operations_completeness": "network account_id completeness withheld_reason last_complete_window_end"
    " open_windows quarantined_rows",
    "rpt_path_lengths": "touch_count orders journeys_without_order conversion_rate order_amount_reporting",
    "rpt_publisher_value": "attribution_model network publisher_id withheld_reason credited_orders"
    " credited_revenue_reporting payout_under_model_reporting actual_bill_reporting payout_difference_reporting"
    " orders_touched orders_begun orders_assisted orders_alone",
    "rpt_reconciliation_totals": "side currency records records_in_classes unclassed_amount",
    "rpt_top_paths": "path_rank path orders journeys_without_order conversion_rate order_amount_reporting",
    "rpt_work_list": "work_rank class work_reason work_step record_id account_id shop owner difference_status network"
    " publisher_id deadline_bucket act_by_at hours_left risk_amount risk_currency risk_amount_reporting",
}


def rows(columns: str, *values: tuple[Any, ...]) -> list[dict[str, Any]]:
    """One row for each tuple; amounts and instants are written as text, as DuckDB reads them exactly."""
    return [dict(zip(columns.split(), row, strict=True)) for row in values]


SMALL: Marts = {
    "dim_currencies": rows("currency minor_unit_digits", ("EUR", 2), ("GBP", 2), ("JPY", 0), ("KWD", 3)),
    "dim_networks": rows("network network_name", ("awin", "Awin"), ("cj", "CJ Affiliate")),
    "dim_publishers": rows("network publisher_id publisher_name", ("awin", "7", "Home Notes")),
    "fct_attribution_channels": rows(
        "attribution_model channel credited_conversions credited_revenue_reporting",
        ("markov", "paid", "40.25", "4025.005"),
        ("markov", "unattributed", "1000", "1"),
        ("first", "paid", "20", None),
    ),
    "rpt_attribution_distance": rows(
        "attribution_model comparison_level measured_from_date measured_to_date span_orders distance_fraction"
        " scaled_distance_fraction largest_difference_fraction largest_channel largest_network largest_publisher_id"
        " compared_count not_measured_fraction",
        ("first", "publisher", "2026-02-01", "2026-03-01", 45, None, None, "-0.05", "affiliate", "awin", "7", 1, "0.9"),
        ("first", "channel", "2026-02-01", "2026-03-01", 45, "0.635", None, "0.301", "paid", None, None, 2, "0.1"),
        ("markov", "channel", "2026-02-01", "2026-03-01", 45, "0.25", "0.125", "0", "paid", None, None, 2, "0"),
        ("first", "channel", "2026-01-01", "2026-03-01", 80, "0.9", "0.9", "0.9", "email", None, None, 2, "0"),
    ),
    "rpt_finance_reconciliation_nightly": [
        *rows(
            "side class network_currency commission_currency records network_amount amount_difference"
            " commission_at_risk earliest_act_by_at",
            ("network", "amount_mismatch", "GBP", "GBP", 2, "1234.565", "-10.5", "3", "2026-03-31 09:00:00"),
            ("network", "amount_mismatch", "GBP", "GBP", 3, "0.01", "0.5", None, None),
            ("network", "amount_mismatch", "USD", "EUR", 1, "7", "0", "0.5", None),
        ),
        *rows("side class order_currency records order_amount", ("order", "matched", "EUR", 1500, "1000000.1")),
    ],
    "rpt_network_overlap": rows(
        "network other_network orders_touched order_amount_reporting",
        ("awin", "awin", 9, "90"),
        ("awin", "cj", 4, None),
        ("cj", "awin", 4, None),
    ),
    "rpt_operations_completeness": rows(
        "network account_id completeness last_complete_window_end open_windows quarantined_rows",
        ("awin", "1001", "in", "2026-03-29 01:30:00", 0, 12345),
        ("cj", None, "no account", None, 0, 0),
    ),
    "rpt_path_lengths": rows(
        "touch_count orders journeys_without_order conversion_rate order_amount_reporting",
        (0, 5, None, None, "50"),
        (2, 30, 10, "0.75", None),
        (25, 15, 0, "1", "1.1"),
    ),
    "rpt_publisher_value": rows(
        "attribution_model network publisher_id credited_orders payout_under_model_reporting actual_bill_reporting"
        " payout_difference_reporting orders_touched orders_begun orders_assisted orders_alone",
        ("first", "awin", "7", "2.5", "999", "999", "0", 4, 3, 2, 1),
        ("markov", "awin", "7", "2.5", "60", "100", "-40", 4, 3, 2, 1),
        ("markov", "cj", "8", "2.5", "80", "20.005", "59.995", 4, 3, 2, 1),
        ("markov", None, None, "2.5", "5", "0", "5", 0, 0, 0, 0),
    ),
    "rpt_reconciliation_totals": rows(
        "side currency records records_in_classes unclassed_amount", ("network", "GBP", 5, 4, "0.01")
    ),
    "rpt_top_paths": rows(
        "path_rank path orders journeys_without_order conversion_rate order_amount_reporting",
        (1, "paid > email", 30, 10, "0.75", "300"),
        (2, "email", 15, 0, "1", None),
    ),
    "rpt_work_list": [
        *rows(
            "work_rank class work_reason work_step record_id account_id difference_status network publisher_id"
            " deadline_bucket act_by_at hours_left risk_amount risk_currency risk_amount_reporting",
            (
                1,
                "missing_in_crm",
                "no_such_order",
                "Look for the order.",
                "A-1",
                "1001",
                "open",
                "awin",
                "7",
                "within_72_hours",
                "2026-03-31 03:30:00",
                50,
                "12.345",
                "GBP",
                "14",
            ),
            (
                2,
                "status_mismatch",
                None,
                None,
                "A-2",
                "1001",
                "disputed",
                "awin",
                "9",
                "no_deadline_known",
                None,
                None,
                "28",
                "EUR",
                "28",
            ),
        ),
        *rows(
            "work_rank class record_id shop difference_status deadline_bucket",
            (3, "missing_in_network", "O-3", "de", "open", "no_deadline_known"),
        ),
    ],
}


def write_marts(file: Path, marts: Marts) -> Path:
    """A published file with those rows; what a row does not name is NULL, a mart without rows is empty."""
    with duckdb.connect(str(file)) as connection:
        for mart, columns in COLUMNS.items():
            described = ", ".join(f'"{column}" {_type(column)}' for column in columns.split())
            connection.execute(f"create table {mart} ({described})")
            for row in marts.get(mart, []):
                names = ", ".join(f'"{column}"' for column in row)
                connection.execute(
                    f"insert into {mart} ({names}) values ({', '.join('?' for _ in row)})", list(row.values())
                )
    return file


def drawn(folder: Path, marts: Marts = SMALL) -> Report:
    """The report of those marts, which has to succeed."""
    report = draw_report(write_marts(folder / "marts.duckdb", marts), BRAND, run_id="run-1", as_of=AS_OF)
    if report.error is not None:
        raise report.error
    return report


def changed(mart: str, row: int, **values: Any) -> Marts:
    """One of the small marts with other values in one row."""
    others = [dict(one) for one in SMALL[mart]]
    others[row] |= values
    return {mart: others}


def _type(column: str) -> str:
    if column in _AMOUNTS:
        return "decimal(18,6)"
    if column in _COUNTS:
        return "bigint"
    if column.endswith("_date"):
        return "date"
    return "timestamp" if column.endswith(("_at", "_end")) else "varchar"


class _Reader(HTMLParser):
    """Tables by their heading, and all text outside of drawings."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.words: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self._heading = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [str(value) for key, value in attrs if key == "id"]
        if tag not in ("meta", "link", "img", "br", "path", "use"):
            self._open.append(tag)
        if tag in ("h2", "h3"):
            self._heading = ""
        if tag == "tr":
            self.tables.setdefault(self._heading, []).append([])
        if tag in ("td", "th"):
            self.tables[self._heading][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while tag in self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if not text or "svg" in self._open or "style" in self._open:
            return
        self.words.append(text)
        if self._open and self._open[-1] in ("h2", "h3"):
            self._heading += text
        elif "td" in self._open or "th" in self._open:
            cells = self.tables[self._heading][-1]
            cells[-1] = f"{cells[-1]} {text}".strip()


def read(page: str) -> _Reader:
    """The page as a reader sees it."""
    reader = _Reader()
    reader.feed(page)
    return reader
