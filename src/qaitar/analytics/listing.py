"""The list behind every figure: the requests that make it up, walked by key, and the figure itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import connection

from qaitar.analytics.measures import FILED, MEASURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qaitar.analytics.measures import Measure
    from qaitar.analytics.periods import Period
    from qaitar.analytics.selectors import Scope

PAGE_ROWS: Final = 50


@dataclass(frozen=True, slots=True)
class DrilldownQuery:
    """Which list: a measure in a period, and for the reasons also a product and a reason (None: any)."""

    scope: Scope
    measure: Measure
    period: Period
    product: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        """Product and reason are counted by the day of filing only."""
        assert self.measure.name == FILED or (self.product, self.reason) == (None, None)


@dataclass(frozen=True, slots=True)
class DayPlace:
    """Where a page of such a list ended: the day and id of its last row."""

    day: date
    id: UUID

    def text(self) -> str:
        """Write the key for an address."""
        return f"{self.day.isoformat()}~{self.id}"

    @classmethod
    def read(cls, text: str) -> DayPlace | None:
        """Read a key from an address; None if it is not one."""
        day, _, last = text.partition("~")
        try:
            return cls(date.fromisoformat(day), UUID(last))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class FigureLine:
    """One request of a list: its day there, and how many seconds what is measured took."""

    id: UUID
    day: date
    answer_s: int | None
    closed_s: int | None


@dataclass(frozen=True, slots=True)
class FigureSlice:
    """One page, the latest day first, and the key of the next page if there is one."""

    lines: tuple[FigureLine, ...]
    next: DayPlace | None


_SLICE: Final = """
SELECT q.id, q.day, q.answer_s, q.closed_s FROM unnest(%(merchants)s::uuid[]) AS m(id) CROSS JOIN LATERAL (
  SELECT f.id, f.{day} AS day, f.answer_s, f.closed_s FROM analytics_casefigure f
  WHERE f.merchant_id = m.id AND f.{day} BETWEEN %(first)s AND %(last)s {where}
  ORDER BY f.{day} DESC, f.id DESC LIMIT %(limit)s) q
ORDER BY q.day DESC, q.id DESC LIMIT %(limit)s
"""
_DAYS_SUM: Final = """
SELECT coalesce(sum(count), 0)::bigint FROM analytics_dayfigure WHERE merchant_id = ANY(%(merchants)s::uuid[])
  AND (%(store)s::uuid IS NULL OR store_id = %(store)s) AND measure = %(measure)s AND day BETWEEN %(first)s AND %(last)s
"""
_REASONS_SUM: Final = """
SELECT coalesce(sum(count), 0)::bigint FROM analytics_reasonfigure WHERE merchant_id = ANY(%(merchants)s::uuid[])
  AND (%(store)s::uuid IS NULL OR store_id = %(store)s) AND day BETWEEN %(first)s AND %(last)s
  AND (%(product)s::text IS NULL OR product = %(product)s) AND (%(reason)s::text IS NULL OR reason = %(reason)s)
"""


def figure_slice(
    drilldown: DrilldownQuery, after: DayPlace | None = None, *, limit: int = PAGE_ROWS
) -> FigureSlice:
    """Read one page of the requests behind a figure; one statement, whatever the size of the table."""
    where, parameters = _conditions(drilldown, after)
    sql = _SLICE.format(day=drilldown.measure.day, where=where)  # our own words only
    with connection.cursor() as cursor:
        cursor.execute(sql, {**parameters, "limit": limit + 1})
        rows = [FigureLine(*row) for row in cursor.fetchall()]
    last = rows[limit - 1] if len(rows) > limit else None
    return FigureSlice(tuple(rows[:limit]), DayPlace(last.day, last.id) if last else None)


def figure_sum(drilldown: DrilldownQuery) -> int:
    """Tell the figure of such a list from the maintained sums; one statement."""
    _, parameters = _conditions(drilldown, None)
    parameters |= {
        "measure": drilldown.measure.name,
        "product": drilldown.product,
        "reason": drilldown.reason,
    }
    parameters.setdefault("store", None)
    by_reason = (drilldown.product, drilldown.reason) != (None, None)
    with connection.cursor() as cursor:
        cursor.execute(_REASONS_SUM if by_reason else _DAYS_SUM, parameters)
        (count,) = cursor.fetchone()
    return int(count)


def _conditions(drilldown: DrilldownQuery, after: DayPlace | None) -> tuple[str, dict[str, Any]]:
    period, measure = drilldown.period, drilldown.measure
    parameters: dict[str, Any] = {
        "merchants": list(drilldown.scope.merchants),
        "first": period.first,
        "last": period.last,
    }
    tests: Mapping[str, tuple[str, object | None]] = {
        "value": (f"f.{measure.column} = %(value)s", measure.value if measure.column else None),
        "store": ("f.store_id = %(store)s", drilldown.scope.store_id),
        "product": ("f.product = %(product)s", drilldown.product),
        "reason": ("f.reason = %(reason)s", drilldown.reason),
    }
    where = []
    for name, (test, value) in tests.items():
        if value is not None:
            where.append(test)
            parameters[name] = value
    if after is not None:
        where.append(f"(f.{measure.day}, f.id) < (%(after_day)s, %(after_id)s)")
        parameters |= {"after_day": after.day, "after_id": after.id}
    return "".join(f" AND {each}" for each in where), parameters


def measure_named(name: str) -> Measure | None:
    """Find a measure by the name an address gives; None if there is no such."""
    return MEASURES.get(name)
