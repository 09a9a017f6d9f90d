"""Approvals of a return request: what each covers, and what asking, deciding and changing facts do to them.

No reads, no writes: what is built here goes into the statement that changes the request.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from qaitar.foundation.approvals.rows import (
    NewApproval,
    decision,
    given_row,
    requested_row,
    voiding,
)
from qaitar.kernel.approvals import FORM, ApprovalState, Purpose
from qaitar.kernel.roles import SENIORS
from qaitar.returns.vocabulary import Act

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from qaitar.foundation.approvals.rows import StandingApproval
    from qaitar.foundation.identity.actors import Actor
    from qaitar.foundation.journal.transition import Change, Held, Row, RowUpdate
    from qaitar.returns.reads.cases import Case, EvidenceFact
    from qaitar.returns.rules.guards import Facts

SUBJECT_KIND: Final = "returnrequest"
COVERED_COLUMNS: Final = frozenset(
    {
        "amount_minor",
        "category_title",
        "currency",
        "goods_checked",
        "line_id",
        "inspection",
        "product_name",
        "product_sku",
        "quality",
        "quantity_milli",
        "reason_code",
        "reason_text",
        "received_on",
        "unit_value",
    }
)
"""Columns of a request that an approval covers, beside its evidence."""


@dataclass(frozen=True, slots=True)
class ApprovalChange:
    """What happens to approvals together with a change of their request."""

    values: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()
    updates: tuple[RowUpdate, ...] = ()
    deputy_of: str = ""  # the approver in whose place the person decided

    def added_to(self, change: Change) -> Change:
        """Return the request's change with this in the same statement, and in its journal line in whose place it was decided."""
        line = change.line
        if self.deputy_of:
            line = replace(line, after={**line.after, "deputy_of": self.deputy_of})
        return replace(
            change,
            line=line,
            rows=(*change.rows, *self.rows),
            updates=(*change.updates, *self.updates),
        )


def covered(
    case: Case,
    purpose: Purpose,
    *,
    values: Mapping[str, Any] | None = None,
    evidence: Sequence[EvidenceFact] | None = None,
) -> dict[str, Any]:
    """Return what an approval for `purpose` covers, with `values` and `evidence` in place of the present ones.

    That goods are confirmed to be what was sold is expected and no change; that they differ is one.
    """
    request, new = case.request, values or {}

    def now(name: str) -> Any:
        return new.get(name, getattr(request, name))

    line, received = now("line_id"), now("received_on")
    proofs = case.evidence if evidence is None else evidence
    return {
        "v": FORM,
        "purpose": purpose.value,
        "subject": str(request.pk),
        "currency": now("currency"),
        "sum_minor": now("amount_minor"),
        "lines": [
            {
                "id": str(line) if line else None,
                "quantity": now("quantity_milli"),
                "minor": now("amount_minor"),
            }
        ],
        "reason": {"code": now("reason_code"), "text": now("reason_text")},
        "evidence": sorted(
            [proof.kind.value, proof.sha256, proof.signature, proof.stamp] for proof in proofs
        ),
        "inspection": {**now("inspection"), "goods_differ": now("goods_checked") == "DIFFERENT"},
        "quality": now("quality"),
        "product": {
            "name": now("product_name"),
            "sku": now("product_sku"),
            "category": now("category_title"),
            "unit": now("unit_value"),
        },
        "received_on": received.isoformat() if received else None,
    }


def approved_purposes(case: Case) -> frozenset[Purpose]:
    """Return what is approved of the case exactly as it is now."""
    return frozenset(
        each.purpose
        for each in case.approvals
        if each.state is ApprovalState.GIVEN and each.covers(covered(case, each.purpose))
    )


def requested_approvals(case: Case) -> list[StandingApproval]:
    """Return the approvals that wait for a decision."""
    return [each for each in case.approvals if each.state is ApprovalState.REQUESTED]


def requested_for_other_values(case: Case) -> bool:
    """Tell whether approval was asked for something else than the case is now."""
    return not all(each.covers(covered(case, each.purpose)) for each in requested_approvals(case))


def act_approvals(
    case: Case, subject: Held, act: Act, facts: Facts, by: Actor, now: datetime
) -> ApprovalChange:
    """Return what an act of the procedure does to the approvals of its case."""
    if act is Act.SEND_FOR_APPROVAL:
        return _asking(case, subject, facts, by, now)
    if act in _DECIDED:
        return _deciding(case, subject, act, facts, by, now)
    if act is Act.NOTE_REOPENED:
        return ApprovalChange(updates=tuple(voiding(each, by, now) for each in case.approvals))
    return ApprovalChange()


_DECIDED: Final = {Act.APPROVE: ApprovalState.GIVEN, Act.DECLINE: ApprovalState.REFUSED}


def _deciding(
    case: Case, subject: Held, act: Act, facts: Facts, by: Actor, now: datetime
) -> ApprovalChange:
    deputy_of = "" if by.role in SENIORS else facts.deputy_of
    requested = requested_approvals(case)
    if requested or act is Act.DECLINE:
        updates = [decision(each, _DECIDED[act], by, now, for_name=deputy_of) for each in requested]
        return ApprovalChange(updates=tuple(updates), deputy_of=deputy_of)
    asker = replace(by, user_id=case.request.approval_requested_by_id, name="")
    rows = [
        given_row(
            subject, _new(purpose, covered(case, purpose)), asker, by, now, for_name=deputy_of
        )
        for purpose in sorted(facts.approvals_to_ask)
    ]
    return ApprovalChange(rows=tuple(rows), deputy_of=deputy_of)


def _asking(case: Case, subject: Held, facts: Facts, by: Actor, now: datetime) -> ApprovalChange:
    wanted = sorted(facts.approvals_to_ask)
    old = [
        each
        for each in case.approvals
        if each.state is ApprovalState.REQUESTED or each.purpose in facts.approvals_to_ask
    ]
    return ApprovalChange(
        rows=tuple(_row(subject, purpose, covered(case, purpose), by, now) for purpose in wanted),
        updates=tuple(voiding(each, by, now) for each in old),
    )


def _row(
    subject: Held, purpose: Purpose, values: Mapping[str, Any], by: Actor, now: datetime
) -> Row:
    return requested_row(subject, _new(purpose, values), by, now)


def _new(purpose: Purpose, values: Mapping[str, Any]) -> NewApproval:
    return NewApproval(purpose=purpose, subject_kind=SUBJECT_KIND, covered=values)


def changed_facts(
    case: Case,
    subject: Held,
    by: Actor,
    now: datetime,
    *,
    values: Mapping[str, Any] | None = None,
    evidence: Sequence[EvidenceFact] | None = None,
) -> ApprovalChange:
    """Return what a change of facts does to the approvals of its case.

    An approval that was given ends.  One that is waited for is asked for anew, for the new values: by whoever changed them,
    so that nobody approves a change of their own.
    """
    rows: list[Row] = []
    updates: list[RowUpdate] = []
    left: set[ApprovalState] = set()
    for each in case.approvals:
        after = covered(case, each.purpose, values=values, evidence=evidence)
        if each.covers(after):
            left.add(each.state)
            continue
        updates.append(voiding(each, by, now))
        if each.state is ApprovalState.REQUESTED:
            left.add(each.state)
            rows.append(_row(subject, each.purpose, after, _asker(each, by), now))
    if not updates:
        return ApprovalChange()
    requested_again = bool(rows) and by.user_id is not None
    columns: dict[str, Any] = {"approval": _mirrored(left)}
    if requested_again:
        columns["approval_requested_by_id"] = by.user_id
    return ApprovalChange(columns, tuple(rows), tuple(updates))


def _asker(each: StandingApproval, by: Actor) -> Actor:
    if by.user_id is not None:
        return by
    return replace(by, user_id=each.requested_by_id, name=each.requested_by_name)


def _mirrored(left: set[ApprovalState]) -> str:
    if ApprovalState.REQUESTED in left:
        return "REQUESTED"
    return "GIVEN" if ApprovalState.GIVEN in left else "NONE"
