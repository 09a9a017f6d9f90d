"""Small reads of cases and proofs: whose they are, whether they are there, which match a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from qaitar.foundation.records.search import find_subjects
from qaitar.returns.models import Evidence, ReturnRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.returns.vocabulary import Stage

FOUND_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQuestion:
    """What is looked for: words, an order, and what narrows them."""

    words: str = ""
    order_code: str = ""
    stage: Stage | None = None
    store_id: UUID | None = None
    due_before: datetime | None = None


def requests_find(
    merchants: Sequence[UUID], question: OrderQuestion, limit: int
) -> Sequence[ReturnRequest]:
    """Find cases by words or by order, narrowed; by the time left, closed ones last; at most `FOUND_MAX` match words."""
    narrowed: dict[str, Any] = {"merchant_id__in": merchants}
    if question.words:
        narrowed["pk__in"] = find_subjects(merchants, question.words, FOUND_MAX)
    if question.order_code:
        narrowed["order_code"] = question.order_code
    if question.stage:
        narrowed["stage"] = question.stage.value
    if question.store_id:
        narrowed["store_id"] = question.store_id
    if question.due_before:
        narrowed["control_at__lt"] = question.due_before
    rows = ReturnRequest.objects.filter(**narrowed)
    return list(rows.order_by("control_at", "pk")[:limit])


def merchant_of_request(request_id: UUID) -> UUID | None:
    """Tell whose case it is; None if these walls hold no such case."""
    return ReturnRequest.objects.filter(pk=request_id).values_list("merchant_id", flat=True).first()


def merchant_of_evidence(evidence_id: UUID) -> UUID | None:
    """Tell whose proof it is; None if these walls hold no such proof."""
    return Evidence.objects.filter(pk=evidence_id).values_list("merchant_id", flat=True).first()


def file_of_evidence(evidence_id: UUID) -> UUID | None:
    """Tell which stored file a proof is; None if these walls hold no such proof."""
    return Evidence.objects.filter(pk=evidence_id).values_list("file_id", flat=True).first()


def request_names(ids: Iterable[UUID]) -> Mapping[UUID, Mapping[str, str | int]]:
    """Give what a case is called outside: id, store, number, order and attempt; unknown ones are left out."""
    rows = ReturnRequest.objects.filter(pk__in=set(ids))
    return {
        row["pk"]: {
            "id": str(row["pk"]),
            "merchant": str(row["merchant_id"]),
            "store": str(row["store_id"]),
            "number": row["number"],
            "order": row["order_code"],
            "attempt": row["attempt"],
        }
        for row in rows.values("pk", "merchant_id", "store_id", "number", "order_code", "attempt")
    }


def requests_by_id(ids: Sequence[UUID]) -> dict[UUID, ReturnRequest]:
    """Read these cases' rows by id in one statement; missing and foreign ones are left out."""
    return ReturnRequest.objects.in_bulk(ids) if ids else {}
