"""How many orders were placed and handed out on which day: what quality gates divide by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

_BY_DAY: Final = """
WITH told AS (
  SELECT store_id, (ordered_at AT TIME ZONE %(zone)s)::date AS placed,
    CASE WHEN delivered_at IS NOT NULL THEN (delivered_at AT TIME ZONE %(zone)s)::date
      WHEN status IN ('COMPLETED', 'Выдан') THEN coalesce(status_changed_on,
        (least(planned_delivery_at, now()) AT TIME ZONE %(zone)s)::date, (ordered_at AT TIME ZONE %(zone)s)::date)
      END AS issued
  FROM orders_order WHERE merchant_id = %(merchant)s AND ordered_at >= %(since)s
)
SELECT store_id, placed, 'PLACED', count(*) FROM told GROUP BY store_id, placed
UNION ALL SELECT store_id, issued, 'ISSUED', count(*) FROM told WHERE issued IS NOT NULL GROUP BY store_id, issued
"""


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
    told: dict[str, Any] = {"merchant": merchant_id, "zone": zone_name, "since": since}
    with connection.cursor() as cursor:
        cursor.execute(_BY_DAY, told)
        return [OrdersOfDay(*row) for row in cursor.fetchall()]
