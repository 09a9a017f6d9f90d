"""What the pages of reports need to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.safestring import SafeString

from qaitar.returns.vocabulary import Quality, Stage
from qaitar.web.console.case.records import Choice, Empty, Fact, MoneyCell, Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number that opens its list, with its share and what it was in the period before."""

    label: str
    count: int
    url: str = ""
    share: str = ""
    before: int | None = None
    before_url: str = ""
    tone: Tone = Tone.NEUTRAL
    more: bool = False  # counted no further: "more than"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One entry of a chart's legend: which series, its name and its total."""

    place: int
    label: str
    total: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing for wide and narrow places, with the same numbers as a table."""

    title: str
    kind: str  # the palette: css class chart--<kind>
    wide: SafeString
    narrow: SafeString
    keys: tuple[Key, ...]
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPart:
    """One part of the page: numbers, said facts, a chart."""

    name: str
    title: str
    note: str = ""
    figures: tuple[Figure, ...] = ()
    facts: tuple[Fact, ...] = ()
    chart: Chart | None = None
    empty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """A product with its numbers by reason, in the order of the headings; the last is the product's whole."""

    label: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Products down, reasons across."""

    headings: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    foot: MatrixRow
    rest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCard:
    """One store's quality gate."""

    store: str
    tone: Tone
    state: str
    share: str
    sentence: str
    sure: Figure
    open: Figure
    orders: str
    window: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLine:
    """One store's row: its numbers in the order of the headings."""

    store: str
    url: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsPage:
    """Every report of a period."""

    url: str
    periods: tuple[Choice, ...]  # value is a path
    first: date
    last: date
    days: int
    before_first: date
    before_last: date
    zone: str
    merchants: tuple[Choice, ...]
    stores: tuple[Choice, ...]
    counted_at: datetime | None
    anew: bool
    walked: int
    parts: tuple[ReportPart, ...]
    matrix: Matrix | None
    gates: tuple[GateCard, ...]
    gate_chart: Chart | None
    store_headings: tuple[str, ...] = ()
    store_lines: tuple[StoreLine, ...] = ()
    rules_url: str = ""
    empty: Empty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrilldownRow:
    """One request behind a figure."""

    number: str
    url: str
    day: date
    took: str
    product: str
    reason: str
    quality: Quality
    stage: Stage
    store: str
    amount: MoneyCell


@dataclass(frozen=True, slots=True, kw_only=True)
class DrilldownPage:
    """The list behind a figure, with the figure itself."""

    title: str
    first: date
    last: date
    count: int
    facts: tuple[Fact, ...]  # product and reason, where the list is narrowed by them
    rows: tuple[DrilldownRow, ...]
    back_url: str
    more_url: str = ""
    exports: tuple[Fact, ...] = ()
    empty: Empty | None = None
