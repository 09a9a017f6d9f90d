"""Reads of return requests.  A case comes with everything its rules need, in one statement for any number of cases."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import JSONField

from qaitar.foundation.approvals.rows import StandingApproval
from qaitar.foundation.ops.prepared_statements import prepared_cursor
from qaitar.kernel.approvals import ApprovalState, Purpose
from qaitar.returns.models import ReturnRequest
from qaitar.returns.rules.claims import (
    OrderFiling,
    Sold,
    TooMuch,
    earlier_claims,
    same_item,
    times_filed,
    too_much,
)
from qaitar.returns.vocabulary import EvidenceKind, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EVIDENCE = """(SELECT jsonb_agg(jsonb_build_object('kind', e.kind, 'signature', e.signature_confirmed,
 'stamp', e.stamp_confirmed, 'sha256', e.file_sha256)) FROM returns_evidence e
 WHERE e.request_id = returns_returnrequest.id AND e.withdrawn_at IS NULL)"""
_APPROVALS = """(SELECT jsonb_agg(jsonb_build_object('id', a.id, 'purpose', a.purpose, 'state', a.state,
 'sha256', a.covered_sha256, 'requested_by', a.requested_by_id, 'requested_by_name', a.requested_by_name) ORDER BY a.id)
 FROM foundation_approval a WHERE a.subject_id = returns_returnrequest.id AND a.state IN ('REQUESTED', 'GIVEN'))"""
_DEPUTIES = """(SELECT jsonb_agg(jsonb_build_array(d.approver_id, d.approver_name, d.deputy_id, d.starts_on, d.ends_on)
 ORDER BY d.id) FROM foundation_approvaldeputy d
 JOIN foundation_membership m ON m.user_id = d.approver_id AND m.merchant_id = d.merchant_id
  AND m.role IN ('SENIOR', 'OWNER', 'ADMIN')
 JOIN foundation_user u ON u.id = d.approver_id AND u.is_active
 WHERE returns_returnrequest.approval = 'REQUESTED' AND d.merchant_id = returns_returnrequest.merchant_id
 AND d.ended_at IS NULL)"""
_STORE = """(SELECT jsonb_build_object('zone', s.zone, 'week', s.week, 'exceptions', s.exceptions, 'clocks', s.clocks,
 'default_action', s.default_action, 'default_reason', s.default_reason, 'duty', s.duty_user_id,
 'cabinet_url', s.cabinet_url, 'mailbox', s.support_mailbox, 'merchant', s.merchant_id,
 'country', m.country, 'language', m.language, 'merchant_mailbox', m.support_mailbox, 'merchant_settings', m.settings)
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
_FILINGS = """(SELECT jsonb_agg(jsonb_build_array(n.number, n.attempt, n.stage, n.outcome, n.line_id, n.product_sku,
 n.product_name, n.quantity_milli, n.amount_minor) ORDER BY n.attempt)
 FROM returns_returnrequest n WHERE n.merchant_id = returns_returnrequest.merchant_id
 AND n.order_code = returns_returnrequest.order_code AND n.store_id = returns_returnrequest.store_id
 AND n.id <> returns_returnrequest.id)"""
_SOLD = """(SELECT jsonb_build_array(l.quantity_milli, l.total_minor) FROM orders_orderline l
 WHERE l.id = returns_returnrequest.line_id)"""


@dataclass(frozen=True, slots=True)
class EvidenceFact:
    """What the rules know of one proof."""

    kind: EvidenceKind
    signature: bool
    stamp: bool
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Deputy:
    """Somebody who may decide approvals in an approver's place from the first to the last day, both included."""

    approver_id: int
    approver_name: str
    deputy_id: int
    starts_on: date
    ends_on: date


def filing_of(request: ReturnRequest) -> OrderFiling:
    """Give a request as one of its order's filings."""
    return OrderFiling(
        number=request.number,
        attempt=request.attempt,
        stage=request.stage,
        outcome=request.outcome,
        line_id=request.line_id,
        sku=request.product_sku,
        name=request.product_name,
        quantity_milli=request.quantity_milli,
        amount_minor=request.amount_minor,
    )


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
    filings: tuple[OrderFiling, ...] = ()
    """The other filings of the same order."""
    sold: Sold | None = None
    """What was sold on the line this is about."""
    approvals: tuple[StandingApproval, ...] = ()
    """Approvals that are asked for or given."""
    deputies: tuple[Deputy, ...] = ()
    """The merchant's deputies of those who may approve; read while approval is asked for."""

    @property
    def filing(self) -> OrderFiling:
        """Give this request as one of its order's filings."""
        return filing_of(self.request)

    @property
    def newer_attempt(self) -> bool:
        """Tell whether the same item was filed again after this."""
        own = self.filing
        return any(
            each.attempt > own.attempt and same_item(own, each) is not False
            for each in self.filings
        )

    @property
    def times_filed(self) -> int:
        """Count which filing of its item this is."""
        return times_filed(self.filing, self.filings)

    @property
    def claims_before(self) -> tuple[OrderFiling, ...]:
        """Give the other filings of the same item whose goods or money come before this one's."""
        return earlier_claims(self.filing, self.filings)

    @property
    def too_much(self) -> TooMuch | None:
        """Say that more would come back than was sold."""
        return too_much(self.filing, self.filings, self.sold)

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
        EvidenceFact(EvidenceKind(e["kind"]), e["signature"], e["stamp"], e["sha256"])
        for e in json.loads(text)
    )


def _approvals(text: str | None) -> tuple[StandingApproval, ...]:
    if text is None:
        return ()
    return tuple(
        StandingApproval(
            UUID(a["id"]),
            Purpose(a["purpose"]),
            ApprovalState(a["state"]),
            a["sha256"],
            a["requested_by"],
            a["requested_by_name"],
        )
        for a in json.loads(text)
    )


def _deputies(text: str | None) -> tuple[Deputy, ...]:
    if text is None:
        return ()
    return tuple(
        Deputy(approver, name, deputy, date.fromisoformat(first), date.fromisoformat(last))
        for approver, name, deputy, first, last in json.loads(text)
    )


def _filings(text: str | None) -> tuple[OrderFiling, ...]:
    if text is None:
        return ()
    return tuple(
        OrderFiling(
            number=number,
            attempt=attempt,
            stage=stage,
            outcome=outcome,
            line_id=UUID(line) if line else None,
            sku=sku,
            name=name,
            quantity_milli=quantity,
            amount_minor=amount,
        )
        for number, attempt, stage, outcome, line, sku, name, quantity, amount in json.loads(text)
    )


_FIELDS: Final = tuple(field.attname for field in ReturnRequest._meta.concrete_fields)
_JSON_AT: Final = tuple(
    place
    for place, field in enumerate(ReturnRequest._meta.concrete_fields)
    if isinstance(field, JSONField)
)
# constants of this file and our own columns: no outside value is in it
_CASES: Final = f"""SELECT {", ".join(f"returns_returnrequest.{f.column}" for f in ReturnRequest._meta.concrete_fields)},
 ({_EVIDENCE})::text, ({_STORE})::text, ({_RULES})::text, ({_DAYS})::text, ({_GROUP})::text, ({_FILINGS})::text, ({_SOLD})::text,
 ({_APPROVALS})::text, ({_DEPUTIES})::text
 FROM returns_returnrequest WHERE """  # noqa: S608  parts are constants of ours, values stay parameters


def _cases(where: str, arguments: Sequence[Any], *, prepared: bool = True) -> list[Case]:
    """Read cases in one statement; prepared where its plan does not depend on the values: planning it takes longer than running it."""
    with prepared_cursor() if prepared else connection.cursor() as cursor:
        cursor.execute(_CASES + where, arguments)
        return [_case(row) for row in cursor.fetchall()]


def _case(row: Sequence[Any]) -> Case:
    values = list(row[: len(_FIELDS)])
    for place in _JSON_AT:
        values[place] = json.loads(values[place])
    evidence, store, rules, days, group_text, filings, sold, approvals, deputies = row[
        len(_FIELDS) :
    ]
    group = parsed(group_text) if group_text else {}
    return Case(
        request=ReturnRequest.from_db(connection.alias, _FIELDS, values),
        evidence=_evidence(evidence),
        store_text=store or "{}",
        rules_text=rules or "[]",
        days_text=days or "[]",
        group=group.get("group", ""),
        group_reviewed=bool(group.get("reviewed")),
        filings=_filings(filings),
        sold=Sold(*json.loads(sold)) if sold else None,
        approvals=_approvals(approvals),
        deputies=_deputies(deputies),
    )


def cases_load(ids: Sequence[UUID]) -> list[Case]:
    """Load cases with everything their rules need, in one statement, the oldest first; missing or foreign ones are left out."""
    return _cases("id = ANY(%s::uuid[]) ORDER BY id", [list(ids)])


def case_load(request_id: UUID) -> Case | None:
    """Load one case, or None if these walls hold no such case."""
    found = _cases("id = %s", [request_id])
    return found[0] if found else None


def cases_by_number(store_id: UUID, numbers: Sequence[str]) -> list[Case]:
    """Load a store's cases by their numbers, in one statement, the oldest first; unknown ones are left out."""
    where = "store_id = %s AND number = ANY(%s::text[]) ORDER BY id"
    return _cases(where, [store_id, list(numbers)])


def cases_due(merchant_id: UUID, before: Any, limit: int) -> list[Case]:
    """Load the open cases of one merchant the deadline guard has to look at by `before`, the longest due first."""
    where = "merchant_id = %s AND guard_next_at <= %s AND stage <> 'CLOSED' ORDER BY guard_next_at, id LIMIT %s"
    return _cases(where, [merchant_id, before, limit], prepared=False)


def any_request(merchants: Sequence[UUID]) -> bool:
    """Tell whether these merchants have had a request yet."""
    return ReturnRequest.objects.filter(merchant_id__in=merchants).exists()


def requests_of(merchant_id: UUID, *, still_open: bool = False) -> list[UUID]:
    """Name all requests of one small merchant, the oldest first; the open ones only, where asked."""
    rows = ReturnRequest.objects.filter(merchant_id=merchant_id).order_by("pk")
    if still_open:
        rows = rows.exclude(stage=Stage.CLOSED)
    return list(rows.values_list("pk", flat=True))
