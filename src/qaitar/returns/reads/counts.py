"""How many open requests run out before a moment: counted by index, up to a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

COUNTED_MAX: Final = 10_000  # "more than" says enough
_DUE: Final = """
SELECT count(*) FILTER (WHERE q.control_at < %(now)s), count(*)
FROM (SELECT p.control_at FROM unnest(%(merchants)s::uuid[]) AS m(id) CROSS JOIN LATERAL (
  SELECT r.control_at FROM returns_returnrequest r WHERE r.merchant_id = m.id AND r.stage <> 'CLOSED'
  AND r.control_at < %(until)s AND (%(store)s::uuid IS NULL OR r.store_id = %(store)s)
  ORDER BY r.control_at LIMIT %(most)s) p ORDER BY p.control_at LIMIT %(most)s) q
"""


def due_counts(
    merchants: Sequence[UUID], store_id: UUID | None, now: datetime, until: datetime
) -> tuple[int, int]:
    """Count the open cases past their control date, and those past it by `until`, each up to one more than `COUNTED_MAX`."""
    counts = {
        "merchants": list(merchants),
        "store": store_id,
        "now": now,
        "until": until,
        "most": COUNTED_MAX + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DUE, counts)
        late, due = cursor.fetchone()
    return int(late), int(due)
