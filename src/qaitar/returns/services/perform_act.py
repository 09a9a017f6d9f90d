"""Acting on return requests: one act on one case or on ten thousand, each with its guard, journal line and effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from qaitar.foundation.journal.transition import ROWS_MAX, Change, move
from qaitar.foundation.models import JournalEntry
from qaitar.returns.errors import ActBlocked, CaseChanged, CaseMissing
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import Case, case_load, cases_load
from qaitar.returns.rules.case_approvals import act_approvals
from qaitar.returns.rules.case_evaluation import Evaluation, control_values, evaluate_case
from qaitar.returns.rules.procedure import APPROVAL_AFTER, Advanced, Blocked, advance
from qaitar.returns.services.case_change import PRESSES, WRITTEN, change_of, written
from qaitar.returns.services.missed_deadlines import missed_deadline, record_missed_deadlines
from qaitar.returns.vocabulary import Act, Effect, Outcome, Quality, RefusalReason, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor
    from qaitar.returns.rules.claims import OrderFiling

BRINGS_BACK: Final = frozenset({Act.TAKE_FOR_INSPECTION, Act.GRANT_REFUND})
"""Acts after which goods or money come back: two filings of one order line may not do it at the same moment."""
_DECISIONS: Final = frozenset({Act.APPROVE, Act.DECLINE})
_DECIDED_ALONE: Final = frozenset(
    {(Stage.DISPUTED, Act.GRANT_REFUND), (Stage.WAITING_APPROVAL, Act.TAKE_FOR_INSPECTION)}
)
TRIES: Final = 5  # how often an act is judged anew because the case changed under it


def needs_version(stage: Stage, act: Act) -> bool:
    """Tell whether a person may do this only on the version they saw: they answer for exactly what stood there.

    So are answers to an approval, and what a senior does without one.
    """
    return act in _DECISIONS or (stage, act) in _DECIDED_ALONE


@dataclass(frozen=True, slots=True)
class Details:
    """What comes with an act: the refusal's reason, words, the planned day of arrival, where goods arrived."""

    reason: RefusalReason | None = None
    why: str = ""
    why_quotes: bool = False  # `why` repeats words of the marketplace
    text: str = ""  # ready text for the marketplace, as the person saw it
    planned_on: date | None = None
    arrived_where: str = ""
    expected_version: int | None = None  # the version of the page the person acted from


@dataclass(frozen=True, slots=True)
class Acted:
    """What an act did: the case's new values and what is still on its way outside."""

    request: ReturnRequest
    step: str
    act: Act
    effects: tuple[Effect, ...]


@dataclass(slots=True)
class BulkAnswer:
    """What became of a bulk act: done, and refused with the reason of each."""

    done: list[tuple[UUID, str]] = field(default_factory=list)
    refused: list[tuple[UUID, str, Blocked]] = field(default_factory=list)


def request_act(
    *, request_id: UUID, act: Act, by: Actor, now: datetime, details: Details | None = None
) -> Acted:
    """Perform one act on one case: two statements, whatever follows from it.

    Raises:
        CaseMissing: these walls hold no such case.
        ActBlocked: procedure or policy forbids it; nothing was changed.
        CaseChanged: somebody acted in between; nothing was changed.
    """
    case = case_load(request_id)
    if case is None:
        raise CaseMissing(str(request_id))
    return case_act(case=case, act=act, by=by, now=now, details=details or Details())


def case_act(*, case: Case, act: Act, by: Actor, now: datetime, details: Details) -> Acted:
    """Perform one act on a loaded case; errors as `request_act`.

    A case that changed since it was loaded is judged anew as it is now, unless the person acted from a page they saw
    (`expected_version`): the job that tells what became of an effect may write beside them at any moment.
    """
    case = _held(case, act)
    if details.expected_version not in {None, case.request.version}:
        raise _changed(case.request.pk)
    for _ in range(TRIES):
        planned = _plan(case, act, by, now, details)
        if isinstance(planned, Blocked):
            raise ActBlocked(planned)
        if missed_deadline(case, now) is not None:
            # The missed date is journalled before a new one is set.
            record_missed_deadlines([case], now)
            planned = _plan(case, act, by, now, details)
            if isinstance(planned, Blocked):
                raise ActBlocked(planned)
        change, advanced = planned
        heads = move(ReturnRequest, [change])
        if heads:
            moved = written(case.request, change, heads)
            return Acted(moved, advanced.step.number, act, advanced.effects)
        fresh = case_load(case.request.pk) if details.expected_version is None else None
        if fresh is None:
            break
        case = fresh
    raise _changed(case.request.pk)


_HOLD: Final = """
SELECT pg_advisory_xact_lock(hashtextextended(store_id::text || ' ' || order_code, 12))
FROM returns_returnrequest WHERE id = %s
"""


def _held(case: Case, act: Act) -> Case:
    """Before an act that brings something back: wait for acts on other filings of the order, and read the case after them."""
    if act not in BRINGS_BACK or not case.filings:
        return case
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [case.request.pk])
    fresh = case_load(case.request.pk)
    if fresh is None:
        raise CaseMissing(str(case.request.pk))
    return fresh


def request_act_many(
    *, ids: Sequence[UUID], act: Act, actors: Mapping[UUID, Actor], now: datetime, details: Details
) -> BulkAnswer:
    """Perform one act on many cases in two statements; those that may not are reported, the others happen.

    Where an act brings goods or money back, filings that share an order with others are done one after another.

    `actors` says as whom the person acts at each merchant.  At most `ROWS_MAX` cases.
    """
    assert len(ids) <= ROWS_MAX, "split the selection: one call carries at most ROWS_MAX cases"
    answer = BulkAnswer()
    changes: list[Change] = []
    numbers: dict[UUID, str] = {}
    cases = cases_load(ids)
    if act in BRINGS_BACK:
        shared = [case for case in cases if case.filings]
        cases = [case for case in cases if not case.filings]
        for case in shared:
            _act_apart(case, act, actors[case.request.merchant_id], now, details, answer)
    late = [case for case in cases if missed_deadline(case, now) is not None]
    record_missed_deadlines(
        [c for c in late if _may(c, act, actors[c.request.merchant_id], now, details)], now
    )
    for case in cases:
        request = case.request
        planned = _plan(case, act, actors[request.merchant_id], now, details)
        if isinstance(planned, Blocked):
            answer.refused.append((request.pk, request.number, planned))
            continue
        numbers[request.pk] = request.number
        changes.append(planned[0])
    moved = move(ReturnRequest, changes)
    for request_id, number in numbers.items():
        if request_id in moved:
            answer.done.append((request_id, number))
        else:
            answer.refused.append((request_id, number, Blocked("CASE_CHANGED")))
    return answer


def _act_apart(
    case: Case, act: Act, by: Actor, now: datetime, details: Details, answer: BulkAnswer
) -> None:
    request = case.request
    try:
        case_act(case=case, act=act, by=by, now=now, details=details)
    except ActBlocked as no:
        answer.refused.append((request.pk, request.number, no.blocked))
    except (CaseChanged, CaseMissing):
        answer.refused.append((request.pk, request.number, Blocked("CASE_CHANGED")))
    else:
        answer.done.append((request.pk, request.number))


def request_preview_many(
    *, ids: Sequence[UUID], act: Act, actors: Mapping[UUID, Actor], now: datetime, details: Details
) -> tuple[list[tuple[ReturnRequest, Advanced]], list[tuple[ReturnRequest, Blocked]]]:
    """Tell what `request_act_many` would do, without doing it."""
    would: list[tuple[ReturnRequest, Advanced]] = []
    would_not: list[tuple[ReturnRequest, Blocked]] = []
    claimed: list[OrderFiling] = []
    for loaded in cases_load(ids):
        case = replace(loaded, filings=_as_claimed(loaded, claimed))
        by = actors[case.request.merchant_id]
        judged = evaluate_case(case, now, actor_id=by.user_id, reason=details.reason)
        answer = advance(Stage(case.request.stage), act, judged.facts, by.role)
        if isinstance(answer, Advanced):
            would.append((case.request, answer))
            if act in BRINGS_BACK and case.filings:
                claimed.append(replace(case.filing, stage=answer.step.to.value))
        else:
            would_not.append((case.request, answer))
    return would, would_not


def _as_claimed(case: Case, claimed: Sequence[OrderFiling]) -> tuple[OrderFiling, ...]:
    """Give a case's other filings as they would stand after those already looked at."""
    after = {(each.number, each.line_id, each.sku): each for each in claimed}
    return tuple(after.get((f.number, f.line_id, f.sku), f) for f in case.filings)


def _changed(request_id: UUID) -> CaseChanged:
    last = JournalEntry.objects.filter(subject_id=request_id).order_by("-seq").first()
    return CaseChanged(act=last.act if last else "", who=last.actor_name if last else "")


def _plan(
    case: Case, act: Act, by: Actor, now: datetime, details: Details
) -> tuple[Change, Advanced] | Blocked:
    judged = evaluate_case(case, now, actor_id=by.user_id, reason=details.reason)
    answer = advance(Stage(case.request.stage), act, judged.facts, by.role)
    if isinstance(answer, Blocked):
        return answer
    alone = by.user_id is not None and needs_version(answer.step.at, act)
    if alone and details.expected_version is None:
        return Blocked("VERSION_NEEDED")
    values = acted_values(case, answer, judged, by, now, details)
    change = change_of(
        case.request,
        values,
        act.value,
        by,
        now,
        why=details.why,
        why_quotes=details.why_quotes,
        effects=answer,
    )
    approvals = act_approvals(case, change.held, act, judged.facts, by, now)
    return approvals.added_to(change), answer


def _may(case: Case, act: Act, by: Actor, now: datetime, details: Details) -> bool:
    return not isinstance(_plan(case, act, by, now, details), Blocked)


def acted_values(
    case: Case, answer: Advanced, judged: Evaluation, by: Actor, now: datetime, details: Details
) -> dict[str, Any]:
    """Compute every written column as it stands after the step, control date included."""
    request = case.request
    before = {name: getattr(request, name) for name in WRITTEN}
    for name, value in _step_values(request, answer, judged, by, now, details).items():
        setattr(request, name, value)
    values = {name: getattr(request, name) for name in WRITTEN}
    values |= control_values(request, (case.store_text, case.days_text), now)
    for name, value in before.items():
        setattr(request, name, value)
    return values


def _step_values(
    request: ReturnRequest,
    answer: Advanced,
    judged: Evaluation,
    by: Actor,
    now: datetime,
    details: Details,
) -> dict[str, Any]:
    step = answer.step
    values: dict[str, Any] = {"stage": step.to.value}
    if step.to.value != request.stage:
        values["stage_since"] = now
    if step.act in APPROVAL_AFTER:
        values["approval"] = APPROVAL_AFTER[step.act]
    if step.outcome is not Outcome.NONE:
        values |= {
            "outcome": step.outcome.value,
            "closed_at": now,
            "pending_press": "",
            "pending_since": None,
        }
    presses = [effect for effect in answer.effects if effect in PRESSES]
    if presses:
        values |= {
            "pending_press": presses[0].value,
            "pending_since": now,
            "pending_text": details.text,
        }
    if details.planned_on is not None:
        values["planned_arrival_on"] = details.planned_on
    return values | _act_values(request, step.act, judged, by, now, details)


_UNPROVED: Final[Mapping[str, Any]] = {"pending_press": "", "pending_since": None}
_PLAIN: Final[Mapping[Act, Mapping[str, Any]]] = {
    Act.SEND_DISPUTE_EVIDENCE: {"dispute_evidence_sent": True},
    Act.NOTE_ACCEPTED: {"refusal_reason": "", **_UNPROVED},
    Act.TAKE_FOR_INSPECTION: {"refusal_reason": ""},
    Act.NOTE_DISPUTE: _UNPROVED,
    Act.NOTE_ARRIVAL: {"goods_handed_over": True, **_UNPROVED},
    Act.NOTE_REOPENED: {
        "refused_at": None,
        "refusal_reason": "",
        "reopening_requested_at": None,
        "approval": "NONE",
        **_UNPROVED,
    },
}
COUNTED_AS_QUALITY: Final = frozenset({Quality.DEFECTIVE, Quality.DIFFERENT_GOODS})
_MOMENTS: Final[Mapping[Act, str]] = {
    Act.REFUSE: "refused_at",
    Act.NOTE_ARRIVAL: "arrived_at",
    Act.NOTE_DISPUTE: "disputed_at",
    Act.ASK_TO_REOPEN: "reopening_requested_at",
}


def _act_values(
    request: ReturnRequest, act: Act, judged: Evaluation, by: Actor, now: datetime, details: Details
) -> dict[str, Any]:
    """Compute what this act alone writes, beyond what every step writes."""
    values: dict[str, Any] = dict(_PLAIN.get(act, {}))
    if act in _MOMENTS:
        values[_MOMENTS[act]] = now
    quality = judged.facts.quality
    if act is Act.ASK_CUSTOMER:
        breakable = quality in {Quality.DEFECTIVE, Quality.MECHANICAL_DAMAGE}
        values |= {"customer_contacted": True, "sent_to_service_centre": breakable}
    elif act is Act.SEND_FOR_APPROVAL:
        values["approval_requested_by_id"] = by.user_id
    elif act is Act.REFUSE:
        values["refusal_reason"] = details.reason.value if details.reason else ""
    elif act in {Act.NOTE_ACCEPTED, Act.TAKE_FOR_INSPECTION}:
        values["counts_as_quality"] = quality in COUNTED_AS_QUALITY
    elif act is Act.NOTE_ARRIVAL:
        values["arrived_where"] = details.arrived_where or request.arrived_where or "POINT"
    return values
