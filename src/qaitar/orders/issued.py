"""How many orders were placed and handed out on which day: what quality gates divide by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from qaitar.kernel.zones import offset_changes

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

_BY_DAY: Final = """
WITH told AS (
  SELECT store_id, {ordered} AS placed,
    CASE WHEN delivered_at IS NOT NULL THEN {delivered}
      WHEN status IN ('COMPLETED', 'Выдан') THEN coalesce(status_changed_on, {planned}, {ordered})
      END AS issued
  FROM orders_order WHERE merchant_id = %(merchant)s AND ordered_at >= %(since)s
)
SELECT store_id, placed, 'PLACED', count(*) FROM told GROUP BY store_id, placed
UNION ALL SELECT store_id, issued, 'ISSUED', count(*) FROM told WHERE issued IS NOT NULL GROUP BY store_id, issued
"""
_MOMENTS: Final = {
    "ordered": "ordered_at",
    "delivered": "delivered_at",
    "planned": "least(planned_delivery_at, now())",
}


@dataclass(frozen=True, slots=True)
class OrdersOfDay:
    """How many orders of a store were PLACED or ISSUED on a day."""

    store_id: UUID
    day: date
    what: str
    count: int


def orders_by_day(merchant_id: UUID, zone_name: str, since: datetime) -> list[OrdersOfDay]:
    """Count one merchant's orders placed since a moment by day, and those handed out among them by theirs; one statement.

    An order is handed out on the day the channel tells; else an issued order counts on the day it last changed, on the day
    delivery was planned for, or on the day it was placed: the first of these that is known.
    """
    parameters: dict[str, Any] = {"merchant": merchant_id, "since": since}
    days = _local_days(zone_name, parameters)
    with connection.cursor() as cursor:
        cursor.execute(_BY_DAY.format(**days), parameters)
        return [OrdersOfDay(*row) for row in cursor.fetchall()]


def _local_days(zone_name: str, arguments: dict[str, Any]) -> dict[str, str]:
    """Give SQL for the local day of each moment, by the program's zone data and not the database's; adds its arguments."""
    changes = offset_changes(zone_name)
    for n, (at, offset) in enumerate(changes):
        arguments |= {f"from{n}": at, f"offset{n}": offset}
    newest_first = range(len(changes) - 1, 0, -1)
    cases = "".join(f" WHEN {{at}} >= %(from{n})s THEN %(offset{n})s" for n in newest_first)
    offset_sql = f"CASE{cases} ELSE %(offset0)s END" if cases else "%(offset0)s"
    day = f"({{at}} AT TIME ZONE 'UTC' + {offset_sql})::date"
    return {name: day.format(at=at) for name, at in _MOMENTS.items()}
