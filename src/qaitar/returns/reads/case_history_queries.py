"""Reads requests with their past for whoever counts: by the hundred, two statements whatever their number."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from qaitar.returns.reads.case_history import Past, PastLine
from qaitar.returns.vocabulary import Outcome, Quality, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

JOURNAL_KIND: Final = "returnrequest"

_REQUESTS: Final = """
SELECT id, store_id, filed_at, created_at, closed_at, stage, outcome, quality, reason_code, reason_text, product_sku,
  product_name FROM returns_returnrequest WHERE id = ANY(%s::uuid[]) AND merchant_id = %s
"""
_LINES: Final = """
SELECT subject_id, act, at, after->>'stage', jsonb_exists(after, 'control_at'), before->>'control_at', after->>'control_at'
FROM foundation_journalentry WHERE subject_id = ANY(%s::uuid[]) AND merchant_id = %s ORDER BY subject_id, seq
"""
_WALK: Final = """
SELECT id FROM returns_returnrequest WHERE merchant_id = %(merchant)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
"""


def pasts_of(merchant_id: UUID, ids: Sequence[UUID]) -> list[Past]:
    """Read these requests of one merchant with their pasts; missing and foreign ones are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_REQUESTS, [list(ids), merchant_id])
        requests = cursor.fetchall()
        cursor.execute(_LINES, [list(ids), merchant_id])
        lines: dict[UUID, list[PastLine]] = {}
        for row in cursor.fetchall():
            lines.setdefault(row[0], []).append(_line(row))
    return [_past(row, lines.get(row[0], [])) for row in requests]


def _line(row: Sequence[Any]) -> PastLine:
    _, act, at, stage, due, before, after = row
    return PastLine(
        act=act,
        at=at,
        stage=Stage(stage) if stage else None,
        due_known=due,
        due_before=datetime.fromisoformat(before) if before else None,
        due_after=datetime.fromisoformat(after) if after else None,
    )


def _past(row: Sequence[Any], lines: Sequence[PastLine]) -> Past:
    pk, store_id, filed_at, created_at, closed_at, stage, outcome, quality, *rest = row
    code, text, sku, name = rest
    return Past(
        id=pk,
        store_id=store_id,
        filed_at=filed_at,
        created_at=created_at,
        closed_at=closed_at,
        stage=Stage(stage),
        outcome=Outcome(outcome),
        quality=Quality(quality),
        reason_code=code,
        reason_text=text,
        product_sku=sku,
        product_name=name,
        lines=tuple(lines),
    )


def requests_walk(merchant_id: UUID, after: UUID, limit: int) -> list[UUID]:
    """Name a merchant's requests by id, those after one already seen."""
    with connection.cursor() as cursor:
        cursor.execute(_WALK, {"merchant": merchant_id, "after": after, "limit": limit})
        return [row[0] for row in cursor.fetchall()]
