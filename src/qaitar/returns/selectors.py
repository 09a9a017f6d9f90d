"""Reads of return requests.  A case comes with everything its rules need, in one statement for any number of cases."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db.models.expressions import RawSQL

from qaitar.returns.models import ReturnRequest
from qaitar.returns.vocabulary import EvidenceKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from django.db.models import QuerySet

_EVIDENCE = """(SELECT jsonb_agg(jsonb_build_object('kind', e.kind, 'signature', e.signature_confirmed,
 'stamp', e.stamp_confirmed)) FROM returns_evidence e
 WHERE e.request_id = returns_returnrequest.id AND e.withdrawn_at IS NULL)"""
_STORE = """(SELECT jsonb_build_object('zone', s.zone, 'week', s.week, 'exceptions', s.exceptions, 'clocks', s.clocks,
 'default_action', s.default_action, 'default_reason', s.default_reason, 'duty', s.duty_user_id,
 'cabinet_url', s.cabinet_url, 'mailbox', s.support_mailbox, 'merchant', s.merchant_id,
 'country', m.country, 'merchant_mailbox', m.support_mailbox, 'merchant_settings', m.settings)
 FROM orders_store s JOIN foundation_merchant m ON m.id = s.merchant_id
 WHERE s.id = returns_returnrequest.store_id)"""
_RULES = """(SELECT jsonb_agg(jsonb_build_object('key', r.key, 'value', r.value, 'from', r.valid_from, 'to', r.valid_to)
 ORDER BY r.key, r.valid_from, r.id) FROM returns_merchantrule r
 WHERE r.merchant_id = returns_returnrequest.merchant_id)"""
_DAYS = """(SELECT jsonb_agg(jsonb_build_array(d.day, d.off) ORDER BY d.day) FROM returns_dayoff d
 WHERE d.merchant_id = returns_returnrequest.merchant_id)"""
_GROUP = """(SELECT jsonb_build_object('group', g.group, 'reviewed', g.reviewed_at IS NOT NULL)
 FROM orders_goodsgroupmapping g WHERE g.merchant_id = returns_returnrequest.merchant_id
 AND g.category_title = returns_returnrequest.category_title)"""
_NEWER = """EXISTS (SELECT 1 FROM returns_returnrequest n WHERE n.merchant_id = returns_returnrequest.merchant_id
 AND n.order_code = returns_returnrequest.order_code AND n.attempt > returns_returnrequest.attempt
 AND n.store_id = returns_returnrequest.store_id)"""


@dataclass(frozen=True, slots=True)
class EvidenceFact:
    """What the rules know of one proof."""

    kind: EvidenceKind
    signature: bool
    stamp: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A request with all that its rules look at.  The texts are JSON, equal for equal stores and merchants."""

    request: ReturnRequest
    evidence: tuple[EvidenceFact, ...]
    store_text: str
    rules_text: str
    days_text: str
    group: str
    group_reviewed: bool
    newer_attempt: bool

    @property
    def store(self) -> Mapping[str, Any]:
        """Give the store's settings; read-only, shared between cases."""
        store: Mapping[str, Any] = parsed(self.store_text)
        return store


@lru_cache(maxsize=512)
def parsed(text: str) -> Any:
    """Parse a settings text once; the result is shared and must not be changed."""
    return json.loads(text)


def _evidence(text: str | None) -> tuple[EvidenceFact, ...]:
    if text is None:
        return ()
    return tuple(
        EvidenceFact(EvidenceKind(e["kind"]), e["signature"], e["stamp"]) for e in json.loads(text)
    )


def _with_rules(requests: QuerySet[ReturnRequest]) -> QuerySet[ReturnRequest]:
    # the texts are constants of this file: no outside value is in them
    return requests.annotate(
        evidence_text=RawSQL(f"({_EVIDENCE})::text", ()),  # noqa: S611
        store_text=RawSQL(f"({_STORE})::text", ()),  # noqa: S611
        rules_text=RawSQL(f"({_RULES})::text", ()),  # noqa: S611
        days_text=RawSQL(f"({_DAYS})::text", ()),  # noqa: S611
        group_text=RawSQL(f"({_GROUP})::text", ()),  # noqa: S611
        newer_attempt=RawSQL(_NEWER, ()),  # noqa: S611
    )


def _case(row: Any) -> Case:
    group = json.loads(row.group_text) if row.group_text else {}
    return Case(
        request=row,
        evidence=_evidence(row.evidence_text),
        store_text=row.store_text or "{}",
        rules_text=row.rules_text or "[]",
        days_text=row.days_text or "[]",
        group=group.get("group", ""),
        group_reviewed=bool(group.get("reviewed")),
        newer_attempt=row.newer_attempt,
    )


def cases_load(ids: Sequence[UUID]) -> list[Case]:
    """Load cases with everything their rules need, in one statement; missing or foreign ones are left out."""
    return [_case(row) for row in _with_rules(ReturnRequest.objects.filter(pk__in=ids))]


def case_load(request_id: UUID) -> Case | None:
    """Load one case, or None if these walls hold no such case."""
    found = cases_load([request_id])
    return found[0] if found else None


def cases_by_number(store_id: UUID, numbers: Sequence[str]) -> list[Case]:
    """Load a store's cases by their numbers, in one statement; unknown ones are left out."""
    wanted = ReturnRequest.objects.filter(store_id=store_id, number__in=numbers)
    return [_case(row) for row in _with_rules(wanted)]


def cases_due(merchant_id: UUID, before: Any, limit: int) -> list[Case]:
    """Load the open cases of one merchant the deadline guard has to look at by `before`, the longest due first."""
    due = ReturnRequest.objects.filter(merchant_id=merchant_id, guard_next_at__lte=before).exclude(
        stage="CLOSED"
    )
    return [_case(row) for row in _with_rules(due).order_by("guard_next_at")[:limit]]
