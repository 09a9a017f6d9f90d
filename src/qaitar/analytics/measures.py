"""The names of what is counted a day, and what one request adds to which.  Pure.

A measure names a column of a request's figures and a value of it, and the column that holds its day: so every figure has
exactly the list of requests that make it up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from qaitar.analytics.case_figures import CasePace, CaseStanding, Counting, Timeliness
from qaitar.returns.vocabulary import Outcome

FILED: Final = "filed"
CLOSED: Final = "closed"
ORDERS_ISSUED: Final = "orders.ISSUED"
ORDERS_PLACED: Final = "orders.PLACED"


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing counted: the day column, and the column with the value it asks for (none: every request with a day)."""

    name: str
    day: str
    column: str = ""
    value: str = ""


def _each(column: str, day: str, values: Iterator[str]) -> Iterator[Measure]:
    for value in values:
        yield Measure(f"{column}.{value}", day, column, value)


_JUDGED: Final = tuple(t.value for t in Timeliness if t is not Timeliness.NONE)
_FINAL_TIMELINESS: Final = tuple(t for t in _JUDGED if t != Timeliness.WAITING)
MEASURES: Final[Mapping[str, Measure]] = MappingProxyType(
    {
        each.name: each
        for each in (
            Measure(FILED, "filed_on"),
            Measure(CLOSED, "closed_on"),
            *_each("answer", "filed_on", iter(_JUDGED)),
            *_each("taking", "taking_on", iter(_FINAL_TIMELINESS)),
            *_each("final", "final_on", iter(_FINAL_TIMELINESS)),
            *_each("pace", "closed_on", (p.value for p in CasePace if p.value)),
            *_each("outcome", "closed_on", (o.value for o in Outcome if o.value)),
            *_each("quality", "quality_on", (c.value for c in Counting if c.value)),
        )
    }
)
"""Everything counted of requests, by name."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One request's part in one measure of one day; `seconds` is how long what is measured took."""

    measure: str
    day: date
    seconds: int = 0


def marks_of(standing: CaseStanding) -> tuple[Mark, ...]:
    """Say what a request adds to the days' figures: at most one mark a measure."""
    found = [Mark(FILED, standing.filed_on)]
    if standing.answer is not Timeliness.NONE:
        name = f"answer.{standing.answer.value}"
        found.append(Mark(name, standing.filed_on, standing.answer_s or 0))
    for column, ruling in (("taking", standing.taking), ("final", standing.final)):
        if ruling.on is not None and ruling.how is not Timeliness.NONE:
            found.append(Mark(f"{column}.{ruling.how.value}", ruling.on))
    if standing.closed_on is not None:
        seconds = standing.closed_s or 0
        found.append(Mark(CLOSED, standing.closed_on, seconds))
        found.append(Mark(f"pace.{standing.pace.value}", standing.closed_on, seconds))
        if standing.outcome:
            found.append(Mark(f"outcome.{standing.outcome.value}", standing.closed_on))
    if standing.quality is not Counting.NONE:
        found.append(Mark(f"quality.{standing.quality.value}", standing.quality_on))
    return tuple(found)
