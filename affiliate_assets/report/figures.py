"""The charts. Drawing is the one place where an amount becomes a binary number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Transform

from affiliate_assets.report.svg import ACCENT, LINE, MAIN, MUTED, SOFT, Chart, canvas, chart, house_style
from affiliate_assets.report.tables import Row, Tables
from affiliate_assets.report.words import Money, name, number, shortened

WIDTH = 1000
NOBODY = "unattributed"
# By rule first, in the order in which the documentation has them; a brand's own models come last.
MODELS = (
    "first",
    "last",
    "last_non_direct",
    "linear",
    "position",
    "w_shape",
    "time_decay",
    "affiliate_last_click",
    "markov",
    "shapley",
    "leave_one_out",
)
_LONGEST = 10
_PATHS = 10
_PUBLISHERS = 12
_PANELS_A_ROW = 6


def draw_charts(tables: Tables, currency: str, money: Money) -> tuple[Chart, ...]:
    """All charts that have something to show, in the order of the page; amounts are in the reporting currency."""
    with house_style():
        drawn = (
            _at_risk(tables["deadlines"], currency, money),
            _model_comparison(tables["credits"]),
            _distance(tables["distances"]),
            _path_lengths(tables["lengths"]),
            _top_paths(tables["paths"]),
            _publisher_value(tables["publishers"], currency, money),
        )
        return tuple(one for one in drawn if one is not None)


def models_of(rows: Iterable[Row]) -> list[str]:
    """The attribution models of the rows, in the order of `MODELS`."""
    found = {row["attribution_model"] for row in rows}
    return [model for model in MODELS if model in found] + sorted(found - set(MODELS))


def channels_of(rows: Sequence[Row]) -> list[str]:
    """The channels of the rows, by their largest credit; what nobody earned comes last."""
    largest: dict[str, Decimal] = {}
    for row in rows:
        largest[row["channel"]] = max(largest.get(row["channel"], Decimal(0)), row["orders"])
    return sorted(largest, key=lambda channel: (channel == NOBODY, -largest[channel], channel))


def _at_risk(rows: Sequence[Row], currency: str, money: Money) -> Chart | None:
    if not rows:
        return None
    words = [f"{money(row['amount'], currency)} · {_items(row)}" for row in rows]
    figure = canvas(WIDTH, 34 * len(rows) + 16)
    axes = _plot(figure, 150, 8, WIDTH - 540, 34 * len(rows))
    colours = {"within_72_hours": ACCENT, "within_7_days": MAIN}
    for place, (row, word) in enumerate(zip(rows, words, strict=True)):
        size = _drawn(row["amount"] or Decimal(0))
        axes.barh(place, size, height=0.62, color=colours.get(row["deadline_bucket"], SOFT), clip_on=False)
        _beside(axes, size, place, word)
        _before(axes, place, name(row["deadline_bucket"]))
    _bounds(axes, (_drawn(row["amount"]) for row in rows), len(rows))
    summary = "; ".join(f"{name(row['deadline_bucket'])}: {word}" for row, word in zip(rows, words, strict=True))
    return chart(figure, "at_risk", f"Commission at risk by deadline, in {currency}", summary)


def _items(row: Row) -> str:
    known = number(row["records"] - row["records_without_amount"])
    rest = f", {number(row['records_without_amount'])} more of unknown amount" if row["records_without_amount"] else ""
    return f"{known} differences{rest}" if known != "1" else f"1 difference{rest}"


def _model_comparison(rows: Sequence[Row]) -> Chart | None:
    models, channels = models_of(rows), channels_of(rows)
    if not models:
        return None
    credited = {(row["attribution_model"], row["channel"]): row["orders"] for row in rows}
    bands = -(-len(channels) // _PANELS_A_ROW)
    across = -(-len(channels) // bands)
    gutter, head, line = 170, 34, 21
    band = head + line * len(models) + 18
    panel = (WIDTH - gutter) / across
    figure = canvas(WIDTH, band * bands)
    widest = max(_drawn(value) for value in credited.values())
    for order, channel in enumerate(channels):
        row, column = divmod(order, across)
        axes = _plot(figure, gutter + panel * column, band * row + head, panel - 56, line * len(models))
        for place, model in enumerate(models):
            value = credited.get((model, channel))
            size = _drawn(value or Decimal(0))
            colour = ACCENT if model == "affiliate_last_click" else SOFT if channel == NOBODY else MAIN
            axes.barh(place, size, height=0.6, color=colour, clip_on=False)
            _beside(axes, size, place, "–" if value is None else number(value))
            if column == 0:
                _before(axes, place, shortened(name(model), 24), weight="bold" if colour == ACCENT else "normal")
        axes.plot([0, 0], [-0.5, len(models) - 0.5], color=LINE, linewidth=1, clip_on=False)
        _above(axes, shortened(name(channel), 16), head, weight="bold")
        _bounds(axes, [widest], len(models))
    summary = "; ".join(
        f"{name(channel)}: {_spread([(credited.get((model, channel)), model) for model in models])}"
        for channel in channels
    )
    return chart(figure, "model_comparison", "Orders credited to each channel, by attribution model", summary)


def _spread(values: Sequence[tuple[Decimal | None, str]]) -> str:
    known = [(value, model) for value, model in values if value is not None]
    (least, by_least), (most, by_most) = min(known), max(known)
    if least == most:
        return f"{number(least)} by every model that credits it"
    return f"{number(least)} ({name(by_least)}) to {number(most)} ({name(by_most)})"


def _distance(rows: Sequence[Row]) -> Chart | None:
    shown = [row for row in rows if row["level"] == rows[0]["level"] and row["distance"] is not None]
    if not shown:
        return None
    head, line, gutter, margin = 34, 26, 170, 150
    figure = canvas(WIDTH, head + line * len(shown) + 12)
    axes = _plot(figure, gutter, head, WIDTH - gutter - margin, line * len(shown))
    upright = axes.get_yaxis_transform()
    for place, row in enumerate(shown):
        _pair(axes, place, None if row["scaled"] is None else _drawn(row["scaled"]), _drawn(row["distance"]))
        _before(axes, place, shortened(name(row["attribution_model"]), 24))
        for value, shift in ((row["distance"], 80), (row["scaled"], margin - 4)):
            _write(axes, "–" if value is None else number(value, 2), (1, place), (shift, 0), upright, ha="right")
    for bound in (0, 1):
        axes.plot([bound] * 2, [-0.5, len(shown) - 0.5], color=LINE, linewidth=1, clip_on=False, zorder=1)
    _bounds(axes, [1], len(shown))
    _legend(axes, head, "scaled", "distance")
    for word, shift in (("distance", 80), ("scaled", margin - 4)):
        _write(axes, word, (1, 1), (shift, head - 22), "axes fraction", ha="right", color=MUTED)
    summary = "; ".join(
        f"{name(row['attribution_model'])}: {number(row['distance'], 2)}, scaled {number(row['scaled'], 2)}"
        for row in shown
    )
    span = f"{shown[0]['level']}s, {shown[0]['first_day']} to {shown[0]['last_day']}"
    return chart(figure, "distance", f"Distance of each attribution model to what was measured: {span}", summary)


def _path_lengths(rows: Sequence[Row]) -> Chart | None:
    if not any(row["orders"] for row in rows):
        return None
    # Every length up to the longest has its place, also one that no order has.
    longest = max(row["touch_count"] for row in rows if row["orders"])
    orders = [0] * (min(longest, _LONGEST) + 1)
    for row in rows:
        if row["touch_count"] <= longest:
            orders[min(row["touch_count"], _LONGEST)] += row["orders"]
    labels = ["none known", *(str(length) for length in range(1, len(orders)))]
    if longest > _LONGEST:
        labels[_LONGEST] = f"{_LONGEST} or more"
    width, height = 560, 250
    figure = canvas(width, height)
    axes = _plot(figure, 16, 34, width - 32, height - 78)
    axes.bar(range(len(orders)), orders, width=0.7, color=[SOFT, *[MAIN] * (len(orders) - 1)], clip_on=False)
    for place, (count, label) in enumerate(zip(orders, labels, strict=True)):
        _write(axes, number(count), (place, count), (0, 4), ha="center", va="bottom")
        _write(axes, label.replace(" ", "\n", 1), (place, 0), (0, -6), ha="center", va="top", color=MUTED)
    axes.plot([-0.5, len(orders) - 0.5], [0, 0], color=LINE, linewidth=1, clip_on=False)
    axes.set(xlim=(-0.5, len(orders) - 0.5), ylim=(0, max(orders)))
    summary = "; ".join(f"{label}: {number(count)} orders" for count, label in zip(orders, labels, strict=True))
    return chart(figure, "path_lengths", "Orders by number of touches before them", summary)


def _top_paths(rows: Sequence[Row]) -> Chart | None:
    shown = rows[:_PATHS]
    if not shown:
        return None
    width, line = 560, 44
    figure = canvas(width, line * len(shown) + 6)
    axes = _plot(figure, 4, 4, width - 70, line * len(shown))
    for place, row in enumerate(shown):
        axes.barh(place + 0.22, row["orders"], height=0.3, color=MAIN, clip_on=False)
        _write(axes, number(row["orders"]), (row["orders"], place + 0.22), (6, 0))
        _write(axes, shortened(row["path"].replace(" > ", " → "), 72), (0, place - 0.2))
    _bounds(axes, [row["orders"] for row in shown], len(shown))
    summary = "; ".join(f"{row['path'].replace(' > ', ' then ')}: {number(row['orders'])} orders" for row in shown)
    return chart(figure, "top_paths", f"The {len(shown)} sequences of channels with most orders", summary)


def _publisher_value(rows: Sequence[Row], currency: str, money: Money) -> Chart | None:
    told = [row for row in rows if row["network"] is not None and not row["is_withheld"]]
    shown = [row for row in told if row["bill"] is not None and row["pay"] is not None][:_PUBLISHERS]
    if not shown:
        return None
    model = name(shown[0]["attribution_model"])
    names = [row["publisher_name"] or "no publisher told" for row in shown]
    head, line, gutter, margin = 34, 30, 250, 150
    figure = canvas(WIDTH, head + line * len(shown) + 12)
    axes = _plot(figure, gutter, head, WIDTH - gutter - margin, line * len(shown))
    upright = axes.get_yaxis_transform()
    for place, (row, publisher) in enumerate(zip(shown, names, strict=True)):
        bill, pay = _drawn(row["bill"]), _drawn(row["pay"])
        _pair(axes, place, bill, pay)
        _before(axes, place, f"{shortened(publisher, 22)} · {shortened(row['network_name'], 18)}")
        _write(axes, money.plain(row["difference"], currency), (1, place), (margin - 4, 0), upright, ha="right")
    axes.plot([0, 0], [-0.5, len(shown) - 0.5], color=LINE, linewidth=1, clip_on=False, zorder=1)
    _bounds(axes, [_drawn(row[key]) for row in shown for key in ("bill", "pay")], len(shown))
    _legend(axes, head, "billed", f"pay by {model}")
    _write(axes, f"difference, {currency}", (1, 1), (margin - 4, head - 22), "axes fraction", ha="right", color=MUTED)
    summary = "; ".join(
        f"{publisher}: billed {money(row['bill'], currency)}, by {model} {money(row['pay'], currency)}"
        for row, publisher in zip(shown, names, strict=True)
    )
    return chart(figure, "publisher_value", f"Commission billed for each publisher, and its pay by {model}", summary)


def _plot(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at that place in pixels, without frame or ticks: what has to be read is written beside the marks."""
    whole, high = figure.get_size_inches() * 72
    axes = figure.add_axes((left / whole, 1 - (top + height) / high, width / whole, height / high))
    axes.set_axis_off()
    return axes


def _bounds(axes: Axes, sizes: Iterable[float], rows: int) -> None:
    """The first row on top, 0 within the scale."""
    found = [0.0, *sizes]
    span = (min(found), max(found))
    axes.set(xlim=span if span[0] < span[1] else (0, 1), ylim=(rows - 0.5, -0.5))


def _write(
    axes: Axes,
    words: str,
    at: tuple[float, float],
    shift: tuple[float, float] = (0, 0),
    coordinates: str | Transform = "data",
    **style: Any,
) -> None:
    """Words at a place, moved by so many pixels."""
    axes.annotate(words, at, shift, xycoords=coordinates, textcoords="offset points", **({"va": "center"} | style))


def _pair(axes: Axes, place: float, mark: float | None, dot: float) -> None:
    """Two values of one row and what lies between them; of one that is unknown the other stands alone."""
    if mark is not None:
        axes.plot([mark, dot], [place] * 2, color=SOFT, linewidth=4, solid_capstyle="butt", clip_on=False)
        axes.plot([mark] * 2, [place - 0.3, place + 0.3], color=ACCENT, linewidth=3, clip_on=False)
    axes.plot([dot], [place], color=MAIN, marker="o", markersize=9, markeredgewidth=0, clip_on=False)


def _legend(axes: Axes, head: int, mark: str, dot: str) -> None:
    for shift, sign, colour, words in ((0, "▍", ACCENT, mark), (100, "●", MAIN, dot)):
        _above(axes, sign, head, shift, color=colour)
        _above(axes, words, head, shift + 16, color=MUTED)


def _beside(axes: Axes, size: float, place: float, words: str) -> None:
    _write(axes, words, (max(size, 0), place), (6, 0))


def _before(axes: Axes, place: float, words: str, **style: Any) -> None:
    _write(axes, words, (0, place), (-10, 0), axes.get_yaxis_transform(), ha="right", **style)


def _above(axes: Axes, words: str, head: int, shift: float = 0, **style: Any) -> None:
    _write(axes, words, (0, 1), (shift, head - 22), "axes fraction", **style)


def _drawn(amount: Decimal | None) -> float:
    """An amount as a length."""
    return float(amount or 0)
