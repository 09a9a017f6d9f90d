"""Reads figures: sums of periods, gates of stores, reasons by product; a fixed number of statements, never the requests."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from qaitar.analytics.measures import ORDERS_ISSUED, ORDERS_PLACED
from qaitar.analytics.models import FigureState
from qaitar.analytics.rules import FigureRules, OrdersBase, rules_read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from qaitar.analytics.periods import Period

PRODUCTS_MAX: Final = 12
REASONS_MAX: Final = 6


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures: these merchants, or one of their stores."""

    merchants: tuple[UUID, ...]
    store_id: UUID | None = None

    def as_parameters(self) -> dict[str, Any]:
        """Give the values of `WHERE`."""
        return {"merchants": list(self.merchants), "store": self.store_id}


_OURS: Final = (
    "merchant_id = ANY(%(merchants)s::uuid[]) AND (%(store)s::uuid IS NULL OR store_id = %(store)s)"
)


@dataclass(frozen=True, slots=True)
class Sum:
    """How often, and how many seconds together."""

    count: int = 0
    seconds: int = 0


@dataclass(slots=True)
class Sums:
    """The figures of a period, of the one before it, of its days and of its stores, by measure."""

    now: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    before: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    days: dict[tuple[date, str], int] = field(default_factory=lambda: defaultdict(int))
    stores: dict[UUID, dict[str, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )


_SUMS: Final = f"""
SELECT kind, in_period, day, store_id, measure, sum(count)::bigint, sum(seconds)::bigint FROM (
  SELECT day >= %(first)s AS in_period, day, store_id, measure, count, seconds FROM analytics_dayfigure
  WHERE {_OURS} AND day BETWEEN %(before)s AND %(last)s AND measure NOT LIKE 'orders.%%') f
CROSS JOIN LATERAL (SELECT 1) one(kind)
GROUP BY GROUPING SETS ((kind, in_period, measure), (day, measure), (in_period, store_id, measure))
"""  # noqa: S608  a constant of ours, values stay parameters


def sums_of(scope: Scope, period: Period) -> Sums:
    """Add up a period, the one before, its days and its stores; one statement."""
    parameters = {
        **scope.as_parameters(),
        "first": period.first,
        "last": period.last,
        "before": period.before().first,
    }
    found = Sums()
    for kind, in_period, day, store_id, measure, count, seconds in _rows(_SUMS, parameters):
        if kind is not None:
            (found.now if in_period else found.before)[measure] = Sum(count, seconds)
        elif store_id is not None:
            if in_period:
                found.stores[store_id][measure] = count
        elif day >= period.first:
            found.days[day, measure] = count
    return found


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


# --- how far counting is -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counted:
    """How fresh the figures are: when the oldest of them was counted; while they are counted anew, how far that is."""

    at: datetime | None
    anew: bool
    walked: int
    rules: Mapping[UUID, FigureRules]

    def rules_of(self, merchant_id: UUID) -> FigureRules:
        """Give a merchant's rules; the program's own where nothing was set."""
        return self.rules.get(merchant_id, FigureRules())


def counted_of(merchants: Sequence[UUID]) -> Counted:
    """Tell how far counting is for these merchants; one statement."""
    states = list(FigureState.objects.filter(merchant_id__in=merchants))
    moments = [state.counted_at for state in states]
    known = len(states) == len(merchants) and None not in moments
    return Counted(
        at=min((at for at in moments if at is not None), default=None) if known else None,
        anew=any(state.walk_after is not None for state in states),
        walked=sum(state.walked for state in states if state.walk_after is not None),
        rules={state.merchant_id: rules_read(state.rules) for state in states},
    )


# --- the gate ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Window:
    """What stands in a gate's window: quality returns that are sure, those undecided, and the orders of either base."""

    sure: int = 0
    open: int = 0
    issued: int = 0
    placed: int = 0

    def orders(self, base: OrdersBase) -> int:
        """Give what the returns are divided by."""
        return self.issued if base is OrdersBase.ISSUED else self.placed


_FIELDS: Final = {
    "quality.SURE": "sure",
    "quality.OPEN": "open",
    ORDERS_ISSUED: "issued",
    ORDERS_PLACED: "placed",
}
_WINDOWS: Final = f"""
SELECT merchant_id, store_id, day, measure, sum(count)::bigint FROM (
  SELECT merchant_id, store_id, day, measure, count, day > %(today)s - (%(windows)s::jsonb->>merchant_id::text)::int AS inside
  FROM analytics_dayfigure WHERE {_OURS} AND day BETWEEN %(since)s AND %(today)s
    AND measure IN ('quality.SURE', 'quality.OPEN', 'orders.ISSUED', 'orders.PLACED')) f
GROUP BY GROUPING SETS ((merchant_id, store_id, measure, inside), (day, measure))
HAVING day IS NOT NULL OR inside
"""  # noqa: S608  a constant of ours, values stay parameters


@dataclass(frozen=True, slots=True)
class Gates:
    """The windows of each store that has any figure, and the days behind them all together."""

    stores: Mapping[tuple[UUID, UUID], Window]
    days: Mapping[date, Window]


def gates_of(scope: Scope, windows: str, since: date, today: date) -> Gates:
    """Add up each store's window, which is its merchant's (`windows`: JSON, days by merchant), and the days since; one statement."""
    parameters = {**scope.as_parameters(), "windows": windows, "since": since, "today": today}
    stores: dict[tuple[UUID, UUID], Window] = defaultdict(Window)
    days: dict[date, Window] = defaultdict(Window)
    for merchant_id, store_id, day, measure, count in _rows(_WINDOWS, parameters):
        window = days[day] if day is not None else stores[merchant_id, store_id]
        setattr(window, _FIELDS[measure], count)
    return Gates(stores, days)


# --- reasons ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReasonCell:
    """How often one product was asked back for one reason; `sample_id` is a request that names both in words."""

    product: str
    reason: str
    count: int
    sample_id: UUID


_REASONS: Final = f"""
WITH told AS (
  SELECT product, reason, sum(count)::bigint AS n, max(sample_id::text)::uuid AS sample FROM analytics_reasonfigure
  WHERE {_OURS} AND day BETWEEN %(first)s AND %(last)s GROUP BY product, reason HAVING sum(count) > 0
), products AS (
  SELECT product, sum(n) AS n FROM told GROUP BY product ORDER BY 2 DESC, 1 LIMIT %(products)s
), reasons AS (
  SELECT reason, sum(n) AS n, max(sample::text)::uuid AS sample FROM told GROUP BY reason ORDER BY 2 DESC, 1
  LIMIT %(reasons)s
)
SELECT p.product, r.reason, t.n, t.sample FROM products p CROSS JOIN reasons r
JOIN told t ON t.product = p.product AND t.reason = r.reason
UNION ALL SELECT product, NULL, n, NULL FROM products UNION ALL SELECT NULL, reason, n, sample FROM reasons
UNION ALL SELECT NULL, NULL, sum(n), NULL FROM told HAVING sum(n) > 0
"""  # noqa: S608  a constant of ours, values stay parameters


@dataclass(slots=True)
class Reasons:
    """The products asked back most, the reasons given most, and what they come to together.

    `reason_samples` has a request for each reason that names it in words: it may be given for other products alone.
    """

    cells: dict[tuple[str, str], ReasonCell] = field(default_factory=dict)
    products: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    reason_samples: dict[str, UUID] = field(default_factory=dict)
    total: int = 0


def reasons_of(scope: Scope, period: Period) -> Reasons:
    """Cross the most frequent products with the most frequent reasons, by the day of filing; one statement."""
    parameters = {
        **scope.as_parameters(),
        "first": period.first,
        "last": period.last,
        "products": PRODUCTS_MAX,
        "reasons": REASONS_MAX,
    }
    found = Reasons()
    for product, reason, n, sample in _rows(_REASONS, parameters):
        if product is not None and reason is not None:
            found.cells[product, reason] = ReasonCell(product, reason, int(n), sample)
        elif product is not None:
            found.products[product] = int(n)
        elif reason is not None:
            found.reasons[reason] = int(n)
            found.reason_samples[reason] = sample
        else:
            found.total = int(n)
    return found
