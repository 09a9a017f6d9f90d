"""Reads for the case card: order, proofs, outside effects and earlier filings, one statement each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from qaitar.foundation.journal.personal_values import lines_open
from qaitar.foundation.models import JournalEntry
from qaitar.returns.models import ReturnRequest
from qaitar.web.console.case.version_tag import live_mark

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.returns.reads.cases import Case

ATTEMPTS_MAX: Final = 20
JOURNAL_READ: Final = 120
EFFECTS_MAX: Final = 30


@dataclass(frozen=True, slots=True)
class OrderDetails:
    """What else is known of the sale, as the database gives it; empty where the order was never seen."""

    language: str = "ru"
    order: dict[str, Any] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)
    tenders: list[dict[str, Any]] = field(default_factory=list)
    units: list[dict[str, Any]] = field(default_factory=list)
    customer: dict[str, Any] = field(default_factory=dict)
    effects: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ProofFile:
    """One proof in a case together with what is known of its file."""

    id: UUID
    kind: str
    name: str
    signature: bool
    stamp: bool
    confirmed_by: str
    added_by: str
    added_at: datetime
    size: int
    mime: str
    has_thumb: bool
    has_view: bool
    pages: int


@dataclass(frozen=True, slots=True)
class CaseHistory:
    """All filings of one order at one store, oldest first, and their latest journal entries, newest first."""

    attempts: Sequence[ReturnRequest]
    entries: Sequence[JournalEntry]


_PAPERS: Final = """
SELECT m.language, to_jsonb(o)::text,
  (SELECT jsonb_agg(to_jsonb(l) ORDER BY l.number, l.id)::text FROM orders_orderline l WHERE l.order_id = o.id),
  (SELECT jsonb_agg(to_jsonb(t) ORDER BY t.kind)::text FROM orders_tender t WHERE t.order_id = o.id),
  (SELECT jsonb_agg(to_jsonb(u) ORDER BY u.noted_at)::text FROM orders_unit u WHERE u.order_id = o.id),
  (SELECT to_jsonb(c)::text FROM orders_customer c WHERE c.id = o.customer_id),
  (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.ordinal DESC, e.id DESC)::text FROM (
     SELECT id, kind, state, reference, address, detail, attempts, ordinal, settled_at
     FROM foundation_plannedeffect WHERE subject_id = %(request)s ORDER BY ordinal DESC, id DESC LIMIT %(effects)s) e)
FROM foundation_merchant m
LEFT JOIN orders_order o ON o.store_id = %(store)s AND o.code = %(code)s
WHERE m.id = %(merchant)s
"""


def order_details_load(request: ReturnRequest) -> OrderDetails:
    """Read the order with its lines, tenders, units and customer, and the case's outside effects; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            _PAPERS,
            {
                "request": request.pk,
                "store": request.store_id,
                "code": request.order_code,
                "merchant": request.merchant_id,
                "effects": EFFECTS_MAX,
            },
        )
        row = cursor.fetchone()
    if row is None:
        return OrderDetails()
    language, order, lines, tenders, units, customer, effects = row
    return OrderDetails(
        language=language,
        order=_read(order, {}),
        lines=_read(lines, []),
        tenders=_read(tenders, []),
        units=_read(units, []),
        customer=_read(customer, {}),
        effects=_read(effects, []),
    )


def _read(text: str | None, empty: Any) -> Any:
    return json.loads(text) if text else empty


_PROOFS: Final = """
SELECT e.id, e.kind, e.file_name, e.signature_confirmed, e.stamp_confirmed, e.confirmed_by_name, e.added_by_name,
  e.added_at, COALESCE(f.size, 0), COALESCE(f.mime, ''), COALESCE(f.thumb_sha256, '') <> '',
  COALESCE(f.preview_sha256, '') <> '', COALESCE(f.pages, 0)
FROM returns_evidence e LEFT JOIN foundation_storedfile f ON f.id = e.file_id
WHERE e.request_id = %s AND e.withdrawn_at IS NULL ORDER BY e.added_at, e.id LIMIT 200
"""


def evidence_load(request_id: UUID) -> list[ProofFile]:
    """Read the proofs of a case with what is known of their files; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_PROOFS, [request_id])
        return [ProofFile(*row) for row in cursor.fetchall()]


def case_history_load(case: Case) -> CaseHistory:
    """Read all filings of the order and their latest journal entries; two statements."""
    request = case.request
    attempts = list(
        ReturnRequest.objects.filter(
            merchant_id=request.merchant_id,
            order_code=request.order_code,
            store_id=request.store_id,
        ).order_by("attempt", "id")[:ATTEMPTS_MAX]
    )
    ids = {each.pk for each in attempts} | {request.pk}
    entries = list(
        JournalEntry.objects.filter(subject_id__in=ids).order_by("-place")[:JOURNAL_READ]
    )
    lines_open(entries)
    return CaseHistory(attempts, entries)


_NEWS: Final = """
SELECT r.version, r.section_seen_at, (SELECT jsonb_agg(jsonb_build_object('id', e.id, 'state', e.state,
  'attempts', e.attempts))::text FROM (SELECT id, state, attempts FROM foundation_plannedeffect
  WHERE subject_id = r.id ORDER BY ordinal DESC, id DESC LIMIT %(effects)s) e)
FROM returns_returnrequest r WHERE r.id = %(request)s
"""


def news_mark(request_id: UUID) -> str | None:
    """Tell what an open card of this case would show now, in a few letters; None if these walls hold no such case."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWS, {"request": request_id, "effects": EFFECTS_MAX})
        row = cursor.fetchone()
    if row is None:
        return None
    return live_mark(int(row[0]), json.loads(row[2]) if row[2] else [], row[1])
