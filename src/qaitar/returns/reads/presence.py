"""Who has a case open right now: a row a person and case, true for half a minute, kept in memory-like storage.

Losing these rows loses nothing: a page that is still open tells again within seconds.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

HOLDS: Final = timedelta(seconds=30)
OTHERS_MAX: Final = 5
_SWEPT_AT_ONCE: Final = 50

_NOTE: Final = """
WITH old AS (
  DELETE FROM returns_casepresence WHERE id IN (SELECT id FROM returns_casepresence
    WHERE seen_at < %(since)s AND user_id <> %(user)s LIMIT %(swept)s FOR UPDATE SKIP LOCKED)),
me AS (
  INSERT INTO returns_casepresence (merchant_id, request_id, user_id, user_name, seen_at)
  SELECT r.merchant_id, r.id, %(user)s, %(name)s, %(now)s FROM returns_returnrequest r WHERE r.id = %(request)s
  ON CONFLICT (request_id, user_id) DO UPDATE SET seen_at = EXCLUDED.seen_at, user_name = EXCLUDED.user_name
  RETURNING 1)
SELECT (SELECT count(*) FROM me), (SELECT jsonb_agg(o.user_name ORDER BY o.id)::text FROM (
  SELECT id, user_name FROM returns_casepresence WHERE request_id = %(request)s AND user_id <> %(user)s
    AND seen_at >= %(since)s ORDER BY id LIMIT %(most)s) o)
"""


def presence_note(
    *, request_id: UUID, user_id: int, name: str, now: datetime
) -> tuple[str, ...] | None:
    """Note that a person has a case open, and name the others who do; one statement.

    None if these walls hold no such case.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTE,
            {
                "request": request_id,
                "user": user_id,
                "name": name,
                "now": now,
                "since": now - HOLDS,
                "most": OTHERS_MAX,
                "swept": _SWEPT_AT_ONCE,
            },
        )
        row: Any = cursor.fetchone()
    noted, others = row
    if not noted:
        return None
    return tuple(json.loads(others)) if others else ()


def presence_leave(*, request_id: UUID, user_id: int) -> None:
    """Note that a person closed a case."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM returns_casepresence WHERE request_id = %s AND user_id = %s",
            [request_id, user_id],
        )
