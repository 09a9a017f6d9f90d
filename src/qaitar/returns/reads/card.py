"""What a card shows beside the case itself: its proofs, its outside effects, the other filings of the same order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qaitar.returns.models import ReturnRequest

ROWS_MAX: Final = 500  # of each kind

_RELATED: Final = """
SELECT
 (SELECT jsonb_agg(to_jsonb(x) ORDER BY x.added_at, x.id)::text FROM (
   SELECT e.id, e.kind, e.file_name, e.file_sha256, e.note, e.signature_confirmed, e.stamp_confirmed,
     e.confirmed_by_name, e.confirmed_at, e.added_by_name, e.added_at, e.origin,
     f.size, f.mime, f.width, f.height, f.pages
   FROM returns_evidence e JOIN foundation_storedfile f ON f.id = e.file_id
   WHERE e.request_id = %(id)s AND e.withdrawn_at IS NULL ORDER BY e.added_at, e.id LIMIT %(most)s) x),
 (SELECT jsonb_agg(to_jsonb(x) ORDER BY x.ordinal, x.kind)::text FROM (
   SELECT p.id, p.kind, p.step, p.ordinal, p.state, p.reference, p.address, p.detail, p.attempts,
     p.created_at, p.next_at, p.settled_at
   FROM foundation_plannedeffect p WHERE p.subject_id = %(id)s ORDER BY p.ordinal, p.kind LIMIT %(most)s) x),
 (SELECT jsonb_agg(to_jsonb(x) ORDER BY x.attempt, x.id)::text FROM (
   SELECT r.id, r.number, r.attempt, r.stage, r.outcome, r.quality, r.refusal_reason, r.reason_text,
     r.filed_at, r.closed_at
   FROM returns_returnrequest r WHERE r.merchant_id = %(merchant)s AND r.order_code = %(order)s
     AND r.store_id = %(store)s ORDER BY r.attempt, r.id LIMIT %(most)s) x)
"""


@dataclass(frozen=True, slots=True)
class CaseRelated:
    """Rows as the database writes them in JSON: ids and moments are text.

    `attempts` are all filings of the order in this store, this one included, the first first.
    """

    evidence: Sequence[Mapping[str, Any]]
    effects: Sequence[Mapping[str, Any]]
    attempts: Sequence[Mapping[str, Any]]


def case_related(request: ReturnRequest) -> CaseRelated:
    """Read everything a card shows beside the case, in one statement."""
    wanted: dict[str, Any] = {
        "id": request.pk,
        "merchant": request.merchant_id,
        "order": request.order_code,
        "store": request.store_id,
        "most": ROWS_MAX,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RELATED, wanted)
        row = cursor.fetchone()
    assert row is not None, "a SELECT of expressions gives one row"
    evidence, effects, attempts = (json.loads(text) if text else [] for text in row)
    return CaseRelated(evidence, effects, attempts)
