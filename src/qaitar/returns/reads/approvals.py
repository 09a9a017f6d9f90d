"""Which requests wait for a senior's approval: keys only, the least time left first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

_REQUESTED: Final = """
SELECT q.id FROM unnest(%(merchants)s::uuid[]) AS m(id)
CROSS JOIN unnest(ARRAY['WAITING_APPROVAL', 'ARRIVED']) AS s(stage)
CROSS JOIN LATERAL (SELECT r.id, r.control_at FROM returns_returnrequest r
  WHERE r.merchant_id = m.id AND r.stage = s.stage AND r.approval = 'REQUESTED'
  ORDER BY r.control_at, r.id LIMIT %(most)s) q
ORDER BY q.control_at, q.id LIMIT %(most)s
"""


def approvals_waiting(merchants: Sequence[UUID], most: int) -> list[UUID]:
    """Name up to `most` requests that wait for approval; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_REQUESTED, {"merchants": list(merchants), "most": most})
        return [row[0] for row in cursor.fetchall()]
