"""What every chart shares: style, palette, and an SVG that a page can hold and a reader can hear."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import matplotlib
from matplotlib.figure import Figure

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

#: Light and dark. Blue and orange are told apart with any kind of colour vision, and both by lightness.
PALETTE = {
    "paper": ("#fffffe", "#12171d"),
    "ink": ("#1b2530", "#e4e9ee"),
    "muted": ("#5a6774", "#9ba8b5"),
    "line": ("#d5dce3", "#333e49"),
    "main": ("#2a6a9b", "#6db3e6"),
    "soft": ("#a8c5dc", "#35597a"),
    "accent": ("#bd5a12", "#f0a05a"),
}
PAPER, INK, MUTED, LINE, MAIN, SOFT, ACCENT = (light for light, _ in PALETTE.values())
_VARIABLES = {light: f"var(--{name})" for name, (light, _) in PALETTE.items()}

# Text stays text: readable by machines, small, and in the font of the page. Names may hold a dollar sign.
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "affiliate_assets",
    "text.parse_math": False,
    "font.size": 12,
    "text.color": INK,
    "figure.facecolor": PAPER,
}


@dataclass(frozen=True, slots=True)
class Chart:
    """One drawing for two readers.

    Attributes:
        name: Lower snake case; the key of its metadata.
        title: What is drawn, with its unit.
        summary: What it says, for whoever cannot see it.
        inline: SVG for a page that has the palette as CSS variables.
        image: The same as a file of its own, in light colours.
    """

    name: str
    title: str
    summary: str
    inline: str
    image: str


@contextmanager
def house_style() -> Iterator[None]:
    """The same drawing on every machine, whatever its matplotlibrc says."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def canvas(width: int, height: int) -> Figure:
    """An empty drawing; one unit is one pixel at its natural size."""
    return Figure(figsize=(width / 72, height / 72))


def chart(figure: Figure, name: str, title: str, summary: str) -> Chart:
    """The drawing as SVG, with title and description and without anything that depends on the moment."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = _valid_in_xml(buffer.getvalue().decode("utf-8"))
    return Chart(
        name,
        title,
        summary,
        inline=_described(text, name, title, summary, _VARIABLES),
        image=_described(text, name, title, summary, {}),
    )


def _valid_in_xml(text: str) -> str:
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)


def _described(text: str, name: str, title: str, summary: str, colours: dict[str, str]) -> str:
    for prefix, uri in (("", _SVG), ("xlink", _XLINK)):
        ElementTree.register_namespace(prefix, uri)
    root = ElementTree.fromstring(text)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
    referenced = set(re.findall(r"#([\w-]+)", " ".join(v for e in root.iter() for v in e.attrib.values())))
    for element in root.iter():
        own = element.attrib.pop("id", None)
        if own in referenced:
            element.set("id", f"{name}-{own}")
        for key, value in element.attrib.items():
            if key.endswith("href") or "url(" in value:
                element.set(key, value.replace("#", f"#{name}-"))
        if "style" in element.attrib:
            element.set("style", _restyled(element.attrib["style"], colours))
        _shorten(element)
    for size in ("width", "height"):
        del root.attrib[size]
    root.attrib |= {
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-desc",
        "style": f"font: 12px {_FONTS}; font-variant-numeric: tabular-nums",
        "width": root.attrib["viewBox"].split()[2],
    }
    for place, (tag, words) in enumerate((("title", title), ("desc", summary))):
        element = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": f"{name}-{tag}"})
        element.text = _valid_in_xml(words)
        root.insert(place, element)
    return ElementTree.tostring(root, encoding="unicode")


def _shorten(element: ElementTree.Element) -> None:
    """Without empty space between marks, turns by no angle, and thousandths of a pixel."""
    if not (element.text or "").strip():
        element.text = None
    element.tail = None
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    for key in element.attrib.keys() & {"d", "x", "y"}:
        element.set(key, re.sub(r"(\.\d\d)\d+", r"\1", element.attrib[key]))


def _restyled(style: str, colours: dict[str, str]) -> str:
    """Colours by name; the font is that of the whole drawing, and what holds anyhow is left out."""
    for colour, variable in colours.items():
        style = style.replace(colour, variable)
    return re.sub(r"(font-family: [^;]+|text-anchor: start|font-size: 12px); ?", "", style)
