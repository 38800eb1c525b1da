from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from affiliate_assets.report.svg import MAIN, PALETTE, SOFT
from affiliate_assets.report.tables import PUBLISHERS_SHOWN
from tests.unit.reported import SMALL, drawn, read, rows

CHARTS = ["at_risk", "model_comparison", "distance", "path_lengths", "top_paths", "publisher_value"]


def test_every_chart_has_words_for_those_who_cannot_see_it_and_is_small(tmp_path: Path) -> None:
    report = drawn(tmp_path)
    assert [chart.name for chart in report.charts] == CHARTS
    for chart in report.charts:
        root = ElementTree.fromstring(chart.image)
        told = {child.tag.rpartition("}")[2]: child for child in root[:2]}
        assert root.get("role") == "img"
        assert root.get("aria-labelledby") == f"{chart.name}-title {chart.name}-desc"
        assert [told[tag].text for tag in ("title", "desc")] == [chart.title, chart.summary]
        assert len(chart.image) < 20_000
    summaries = {chart.name: chart.summary for chart in report.charts}
    assert summaries["at_risk"] == (
        "within 72 hours: 14.00 EUR · 1 difference;"
        " no deadline known: 28.00 EUR · 1 difference, 1 more of unknown amount"
    )
    assert (
        summaries["model_comparison"]
        == "paid: 20 (first) to 40 (Markov); unattributed: 1,000 by every model that credits it"
    )
    # Nearest first, and only channels of the newest span.
    assert summaries["distance"] == "Markov: 0.25, scaled 0.13; first: 0.64, scaled unknown"
    [distance] = [chart for chart in report.charts if chart.name == "distance"]
    assert distance.title.endswith("to what was measured: channels, 2026-02-01 to 2026-02-28")
    assert summaries["publisher_value"] == (
        "Home Notes: billed 100.00 EUR, by Markov 60.00 EUR; 8: billed 20.01 EUR, by Markov 80.00 EUR"
    )


def bars(image: str, colour: str) -> list[tuple[float, float]]:
    """Width and height of each bar of that colour."""
    found = []
    for element in ElementTree.fromstring(image).iter():
        if element.tag.endswith("path") and f"fill: {colour}" in element.get("style", ""):
            numbers = [float(number) for number in re.findall(r"-?[\d.]+", element.get("d", ""))]
            across, down = numbers[0::2], numbers[1::2]
            found.append((max(across) - min(across), max(down) - min(down)))
    return found


def test_bars_are_as_long_as_their_figures(tmp_path: Path) -> None:
    charts = {chart.name: chart.image for chart in drawn(tmp_path).charts}
    (long, _), (short, _) = bars(charts["top_paths"], MAIN)
    assert long == pytest.approx(2 * short, abs=0.03)
    # One touch and three to nine touches led to no order; ten or more are one column.
    heights = [height for _, height in bars(charts["path_lengths"], MAIN)]
    assert heights == pytest.approx([0, heights[1], *[0] * 7, heights[1] / 2], abs=0.03)


def test_a_distance_is_drawn_between_no_difference_and_nothing_in_common(tmp_path: Path) -> None:
    [image] = [chart.image for chart in drawn(tmp_path).charts if chart.name == "distance"]
    across = []
    for element in ElementTree.fromstring(image).iter():
        if element.tag.endswith("path") and f"stroke: {SOFT}" in element.get("style", ""):
            numbers = [float(number) for number in re.findall(r"-?[\d.]+", element.get("d", ""))]
            across.append((min(numbers[0::2]), max(numbers[0::2])))
    # Of Markov, from 0.125 to 0.25 of a scale of 680 pixels that begins at 170; of first, one value is unknown.
    assert across == [pytest.approx((170 + 680 / 8, 170 + 680 / 4), abs=0.03)]


def test_a_chart_on_the_page_takes_its_colours_from_the_page(tmp_path: Path) -> None:
    report = drawn(tmp_path)
    colours = {light for light, _ in PALETTE.values()}
    for chart in report.charts:
        assert not any(colour in chart.inline for colour in colours)
        assert set(re.findall(r"var\(--(\w+)\)", chart.inline)) <= PALETTE.keys()
        assert "var(" not in chart.image
    for theme in (0, 1):
        values = [pair[theme] for pair in PALETTE.values()]
        assert all(re.search(rf"--{name}: {value};", report.page) for name, value in zip(PALETTE, values, strict=True))


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize(("name", "least"), [("ink", 7.0), ("muted", 4.5), ("main", 4.5), ("accent", 4.5)])
def test_text_and_marks_stand_out_from_the_paper_in_both_themes(theme: int, name: str, least: float) -> None:
    bright, dark = sorted((luminance(PALETTE[key][theme]) for key in ("paper", name)), reverse=True)
    assert (bright + 0.05) / (dark + 0.05) >= least


def test_a_large_brand_still_has_a_page_to_read(tmp_path: Path) -> None:
    publishers = [
        SMALL["rpt_publisher_value"][1] | {"publisher_id": str(number), "actual_bill_reporting": number}
        for number in range(3000)
    ]
    credits = rows(
        "attribution_model channel credited_conversions credited_revenue_reporting",
        *((f"own_{model}", f"channel {channel}", channel, None) for model in range(14) for channel in range(13)),
    )
    report = drawn(tmp_path, SMALL | {"rpt_publisher_value": publishers, "fct_attribution_channels": credits})
    shown = read(report.page).tables["Publisher value against pay"][1:]
    assert len(shown) == PUBLISHERS_SHOWN + 1
    assert [row[1] for row in shown[:2]] == ["2,999.00", "2,998.00"]
    assert "of 3,000 rows" in report.page
    assert max(len(chart.image) for chart in report.charts) < 45_000
