"""The deadline guard: no control date passes in silence, also when the program was off across it.

Each due case is looked at once: reminded, escalated, acted on by the store's set default, or written down as missed
with what the marketplace has presumably done.  Everything the guard does is a journal line in the case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qaitar.foundation.identity.actors import system_actor
from qaitar.foundation.journal.transition import move
from qaitar.returns.deadlines.calendars import guard_settings
from qaitar.returns.deadlines.control_dates import next_control_date
from qaitar.returns.deadlines.deadline_guard import GuardAction, GuardVerdict, guard_verdict
from qaitar.returns.errors import ActBlocked, CaseChanged
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import cases_due
from qaitar.returns.rules.case_evaluation import clock_of, done_of, evaluate_case
from qaitar.returns.rules.guards import refusal_reasons
from qaitar.returns.services.missed_deadlines import guard_details, guard_line
from qaitar.returns.services.perform_act import Details, case_act
from qaitar.returns.vocabulary import Act, DefaultAction, RefusalReason, Stage

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.journal.transition import Change
    from qaitar.returns.reads.cases import Case

SWEEP_MAX: Final = 1_000
_ACCEPTING: Final = {
    Stage.NEW: Act.TAKE_FOR_INSPECTION,
    Stage.WAITING_CUSTOMER: Act.TAKE_FOR_INSPECTION,
    Stage.WAITING_APPROVAL: Act.TAKE_FOR_INSPECTION,
    Stage.ARRIVED: Act.GRANT_REFUND,
}
"""What silence would come to, at the stages where the program may decide by itself (`default_action`)."""


@dataclass(slots=True)
class Swept:
    """What one sweep came to, by deed."""

    looked: int = 0
    reminded: int = 0
    escalated: int = 0
    acted: int = 0
    missed: int = 0
    closed: int = 0


def guard_sweep(*, merchant_id: UUID, now: datetime, limit: int = SWEEP_MAX) -> Swept:
    """Look at one merchant's due cases, the longest due first; the cost is that of the due ones only.

    Safe to run twice and beside itself: a case somebody else moved in between is left for the next sweep.
    """
    swept = Swept()
    changes: list[Change] = []
    for case in cases_due(merchant_id, now, limit):
        swept.looked += 1
        change = _look(case, now, swept)
        if change is not None:
            changes.append(change)
    move(ReturnRequest, changes)
    return swept


def _look(case: Case, now: datetime, swept: Swept) -> Change | None:
    request = case.request
    clock = clock_of(request, case.store_text, case.days_text)
    control = next_control_date(clock)
    assert control is not None, "an open request has a control date"
    done = done_of(request)
    verdict = guard_verdict(clock, control, guard_settings(case.store_text), done, now)
    match verdict.deed:
        case GuardAction.WINDOW_OVER:
            return _close(case, verdict, now, swept)
        case GuardAction.DEFAULT_ACTION:
            return _default(case, verdict, now, swept)
        case GuardAction.NOTHING:
            _passed_by(request, verdict)
            return None
        case GuardAction.REMIND:
            swept.reminded += 1
        case GuardAction.ESCALATE:
            swept.escalated += 1
        case GuardAction.MISSED:
            swept.missed += 1
    return guard_line(case, verdict, now)


def _passed_by(request: ReturnRequest, verdict: GuardVerdict) -> None:
    """Only move the next look of a case there is nothing to say of, unless somebody has moved the case meanwhile."""
    ReturnRequest.objects.filter(pk=request.pk, version=request.version).update(
        guard_next_at=verdict.wake_at
    )


def _default(case: Case, verdict: GuardVerdict, now: datetime, swept: Swept) -> Change | None:
    """Do what the store has set for a date about to pass; where the procedure forbids it, raise the duty person."""
    request = case.request
    act, reason = _default_act(case, verdict, now)
    if act is not None:
        details = Details(reason=reason, why=guard_details(verdict))
        try:
            case_act(case=case, act=act, by=system_actor("guard"), now=now, details=details)
        except (ActBlocked, CaseChanged) as no:
            swept.escalated += 1
            code = no.blocked.code if isinstance(no, ActBlocked) else "CASE_CHANGED"
            return guard_line(case, verdict, now, why=f"{guard_details(verdict)}; not done: {code}")
        swept.acted += 1
        ReturnRequest.objects.filter(pk=request.pk).update(
            alert_level=GuardAction.DEFAULT_ACTION.value
        )
        return None
    swept.escalated += 1
    return guard_line(case, verdict, now)


def _default_act(
    case: Case, verdict: GuardVerdict, now: datetime
) -> tuple[Act | None, RefusalReason | None]:
    stage = Stage(case.request.stage)
    if verdict.action is DefaultAction.ACCEPT:
        return _ACCEPTING[stage], None
    if verdict.action is DefaultAction.REFUSE:
        true_now = refusal_reasons(stage, evaluate_case(case, now).facts)
        wished = RefusalReason(case.store.get("default_reason") or RefusalReason.NO_ANSWER)
        reason = wished if wished in true_now else (true_now[0] if true_now else None)
        return Act.REFUSE, reason
    return None, None


def _close(case: Case, verdict: GuardVerdict, now: datetime, swept: Swept) -> Change | None:
    """Close a refused case whose customer let the time to file again pass."""
    try:
        case_act(
            case=case, act=Act.CLOSE_REFUSED, by=system_actor("guard"), now=now, details=Details()
        )
    except ActBlocked as no:
        why = f"{guard_details(verdict)}; not done: {no.blocked.code}"
        return guard_line(case, verdict, now, why=why)
    except CaseChanged:
        return None
    swept.closed += 1
    return None
