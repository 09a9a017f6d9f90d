"""Charts as SVG that stand in a page, in a printed page and in a document alike: shapes and classes only.

The drawing is pygal's; styles, scripts and comments it adds are taken out, so that the page's own style sheet colours the
chart in either theme and no inline style meets a Content-Security-Policy.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import pygal
from lxml import etree
from pygal.style import Style

if TYPE_CHECKING:
    from collections.abc import Sequence

# pygal puts a finder of its plugins among Python's, in a form Python no longer knows: every later import would warn of it
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]
_SVG: Final = "{http://www.w3.org/2000/svg}"
_STYLE: Final = Style(label_font_size=11, major_label_font_size=11, value_font_size=11)
_GONE: Final = ("style", "script", "defs", "title", "foreignObject")
_ALLOWED_ATTRIBUTES: Final = frozenset(
    {"class", "d", "x", "y", "width", "height", "r", "rx", "ry", "cx", "cy", "transform", "viewBox"}
)
_LABELS_WIDE, _LABELS_NARROW = 8, 4


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers with its name; None is a gap.  Whole numbers, in `1 / scale` of what is shown."""

    name: str
    values: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The same chart for a wide place and for a phone."""

    wide: str
    narrow: str


def stacked_bars(labels: Sequence[str], series: Sequence[Series]) -> Drawing:
    """Draw bars that stand on one another, one a label; series are coloured by their place."""
    return _drawn("bars", tuple(labels), tuple(series), 1)


def lines(labels: Sequence[str], series: Sequence[Series], scale: int = 1) -> Drawing:
    """Draw lines over the labels."""
    return _drawn("lines", tuple(labels), tuple(series), scale)


@lru_cache(maxsize=256)
def _drawn(kind: str, labels: tuple[str, ...], series: tuple[Series, ...], scale: int) -> Drawing:
    return Drawing(
        wide=_svg(kind, labels, series, scale, (680, 210), _LABELS_WIDE),
        narrow=_svg(kind, labels, series, scale, (330, 190), _LABELS_NARROW),
    )


def _svg(
    kind: str,
    labels: tuple[str, ...],
    series: tuple[Series, ...],
    scale: int,
    size: tuple[int, int],
    most: int,
) -> str:
    maker = pygal.StackedBar if kind == "bars" else pygal.Line
    step = max(1, -(-len(labels) // most))
    chart = maker(
        width=size[0],
        height=size[1],
        style=_STYLE,
        js=[],
        no_prefix=True,
        disable_xml_declaration=True,
        show_legend=False,
        show_minor_x_labels=False,
        truncate_label=-1,
        margin=6,
        spacing=4,
        min_scale=3,
        max_scale=5,
        include_x_axis=True,
        show_dots=False,
        order_min=0 if scale == 1 else None,
        formatter=_number,
    )
    chart.x_labels = labels
    chart.x_labels_major = labels[::step]
    for each in series:
        chart.add(
            each.name, [None if v is None else v if scale == 1 else v / scale for v in each.values]
        )
    return _clean(etree.fromstring(chart.render()))


def _number(value: float) -> str:
    """Write a number of an axis: whole ones without a fraction.

    >>> _number(3.0), _number(1.25)
    ('3', '1,25')
    """
    return str(int(value)) if value == int(value) else f"{value:.2f}".rstrip("0").replace(".", ",")


def _clean(root: Any) -> str:
    """Keep shapes, texts and classes; the value a shape stands for becomes what hovering over it tells."""
    etree.strip_tags(root, etree.Comment)
    etree.strip_elements(root, *(_SVG + name for name in _GONE), with_tail=False)
    for element in list(root.iter()):
        if element.tag == f"{_SVG}desc":
            _describe(element)
            continue
        for name in list(element.attrib):
            if name not in _ALLOWED_ATTRIBUTES:
                del element.attrib[name]
    root.set("class", "chart__svg")
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    return etree.tostring(root, encoding="unicode")


def _describe(desc: Any) -> None:
    if desc.get("class") == "value" and desc.text:
        desc.tag = f"{_SVG}title"
        desc.attrib.clear()
        return
    parent = desc.getparent()
    if parent is not None:
        parent.remove(desc)
