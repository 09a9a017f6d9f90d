"""A case as it stood before a line of its journal: what a person had before them when they pressed."""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from django.db.models import DateField, DateTimeField

from qaitar.returns.models import Evidence, ReturnRequest
from qaitar.returns.reads.cases import EvidenceFact
from qaitar.returns.vocabulary import EvidenceKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from qaitar.foundation.models import JournalEntry
    from qaitar.returns.reads.cases import Case

_COLUMNS: Final = {field.attname: field for field in ReturnRequest._meta.concrete_fields}


def case_before(
    case: Case, lines: Sequence[JournalEntry], line: JournalEntry, proofs: Sequence[Evidence]
) -> Case:
    """Undo `line` and every later one of `lines` on a copy of the case; proofs count as they stood at that moment.

    What the journal does not tell (the guard's bookkeeping, `stage_since`) stays as it is now.
    """
    request = copy(case.request)
    for each in sorted(lines, key=lambda one: one.seq, reverse=True):
        if each.seq < line.seq:
            break
        for name, value in each.before.items():
            if name in _COLUMNS:
                setattr(request, name, _read(name, value))
    stood = (proof for proof in proofs if _stood(proof, line.at))
    return replace(case, request=request, evidence=tuple(_fact(each, line.at) for each in stood))


def _read(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    column = _COLUMNS[name]
    if isinstance(column, DateTimeField):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(column, DateField) else value


def _stood(proof: Evidence, at: datetime) -> bool:
    gone = proof.withdrawn_at is not None and proof.withdrawn_at <= at
    return proof.added_at <= at and not gone


def _fact(proof: Evidence, at: datetime) -> EvidenceFact:
    seen = proof.confirmed_at is not None and proof.confirmed_at <= at
    kind = EvidenceKind(proof.kind)
    return EvidenceFact(
        kind,
        seen and proof.signature_confirmed,
        seen and proof.stamp_confirmed,
        proof.file_sha256,
    )


def proofs_of(merchant_id: UUID) -> Mapping[UUID, Sequence[Evidence]]:
    """Read all proofs of one small merchant by case, withdrawn ones too: they stood once."""
    found: dict[UUID, list[Evidence]] = defaultdict(list)
    for proof in Evidence.objects.filter(merchant_id=merchant_id):
        found[proof.request_id].append(proof)
    return found
