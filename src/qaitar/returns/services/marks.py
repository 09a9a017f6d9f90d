"""What people note on a case without moving it: class, marks, customer's answer, assignee, dates, words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qaitar.foundation.jobs import job_defer
from qaitar.foundation.transition import move
from qaitar.foundation.waking import wake
from qaitar.kernel.roles import Role
from qaitar.returns.casework import control_values
from qaitar.returns.errors import ActBlocked, CaseChanged, CaseMissing
from qaitar.returns.models import ReturnRequest
from qaitar.returns.procedure import Blocked
from qaitar.returns.selectors import case_load
from qaitar.returns.services.changing import DRAIN_TASK, change_of, written
from qaitar.returns.services.overlooked import owned_up
from qaitar.returns.vocabulary import Effect, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.actors import Actor
    from qaitar.returns.selectors import Case

CONTROL: Final = (
    "control_at",
    "control_rule",
    "control_source",
    "guard_next_at",
    "guard_sent",
    "escalated",
)
NOTABLE: Final = frozenset(
    {
        "quality",
        "marks",
        "customer_answered",
        "goods_checked",
        "goods_handed_over",
        "received_on",
        "planned_arrival_on",
        "shown_at",
        "shown_section",
        "assignee_id",
        "assignee_name",
        "customer_words",
        "customer_name",
        "customer_phone",
        "category_title",
        "amount_minor",
        "product_name",
        "product_sku",
        "line_id",
        "quantity_milli",
        "unit_value",
    }
)
PLANNED_DAY: Final = "PLANNED_DATE"
"""What a return order waits on while neither people nor the marketplace have told the day the goods come."""
_TELLS_THE_DAY: Final = frozenset({"planned_arrival_on", "shown_at", "shown_section"})
NOTERS: Final = frozenset(
    {Role.OPERATOR, Role.SENIOR, Role.OWNER, Role.ADMIN, Role.CLERK, Role.SYSTEM}
)


def request_note(
    *, request_id: UUID, values: Mapping[str, Any], by: Actor, now: datetime, why: str = ""
) -> ReturnRequest:
    """Write down facts about a case; its control date follows.  Noting what is already so changes nothing.

    Marks are added to those the case has; a mark noted as None is unknown again.

    Raises:
        CaseMissing: these walls hold no such case.
        ActBlocked: the role may not, or the case is closed; nothing was changed.
        CaseChanged: somebody acted in between.
    """
    case = case_load(request_id)
    if case is None:
        raise CaseMissing(str(request_id))
    return loaded_note(case=case, values=values, by=by, now=now, why=why)


def loaded_note(
    *, case: Case, values: Mapping[str, Any], by: Actor, now: datetime, why: str = ""
) -> ReturnRequest:
    """Write down facts about a loaded case; errors as `request_note`."""
    unknown = set(values) - NOTABLE
    assert not unknown, f"not notable: {unknown}"
    if by.role not in NOTERS:
        raise ActBlocked(Blocked("ROLE_NOT_ALLOWED", {"role": by.role.value}))
    if case.request.stage == Stage.CLOSED and set(values) - {"customer_words"}:
        raise ActBlocked(Blocked("CASE_CLOSED"))
    if "marks" in values:
        marks = {**case.request.marks, **values["marks"]}
        known = {name: mark for name, mark in marks.items() if mark is not None}
        values = {**values, "marks": known}
    return case_note(case=case, values=values, act="NOTE", by=by, now=now, why=why)


def case_note(
    *, case: Case, values: Mapping[str, Any], act: str, by: Actor, now: datetime, why: str = ""
) -> ReturnRequest:
    """Write facts on a loaded case under the journal word `act`; errors as `request_note`."""
    request = case.request
    before = {name: getattr(request, name) for name in (*values, *CONTROL)}
    if all(before[name] == value for name, value in values.items()):
        return request
    owned_up([case], now)
    before |= {name: getattr(request, name) for name in CONTROL}
    for name, value in values.items():
        setattr(request, name, value)
    after = {**values, **control_values(request, (case.store_text, case.days_text), now)}
    for name, value in before.items():
        setattr(request, name, value)
    change = change_of(request, after, act, by, now, why=why)
    heads = move(ReturnRequest, [change])
    if not heads:
        raise CaseChanged
    if _TELLS_THE_DAY & set(values) and wake(PLANNED_DAY, now, subject_id=request.pk):
        job_defer(DRAIN_TASK, queue="effects", merchant_id=str(request.merchant_id))
    return written(request, change, heads)


COMMENT_MAX: Final = 2_000
_PROVED: Final[Mapping[str, Any]] = {"proof_of": "", "proof_since": None, "proof_text": ""}
_SEEN_BY_HAND: Final = frozenset({Effect.PRESS_TAKE.value, Effect.PRESS_REFUSE.value})


def request_comment(*, request_id: UUID, text: str, by: Actor, now: datetime) -> ReturnRequest:
    """Write words for colleagues into a case's journal, also a closed one's; nothing else changes.

    Raises:
        CaseMissing: these walls hold no such case.
        ActBlocked: the role may not; nothing was written.
        CaseChanged: somebody acted in between.
    """
    case = case_load(request_id)
    if case is None:
        raise CaseMissing(str(request_id))
    if by.role not in NOTERS:
        raise ActBlocked(Blocked("ROLE_NOT_ALLOWED", {"role": by.role.value}))
    request = case.request
    values = {"customer_answered": request.customer_answered}
    change = change_of(request, values, "COMMENT", by, now, why=text[:COMMENT_MAX])
    heads = move(ReturnRequest, [change])
    if not heads:
        raise CaseChanged
    return written(request, change, heads)


def press_seen_by_hand(
    *, request_id: UUID, by: Actor, now: datetime, version: int | None = None
) -> ReturnRequest:
    """Note that a person saw in the cabinet what was to be pressed there, where nobody reads the cabinet for them.

    A granted refund is seen by noting that it is done, which closes the case; that is another act.

    Raises:
        CaseMissing: these walls hold no such case.
        ActBlocked: the role may not, or nothing waits to be seen; nothing was changed.
        CaseChanged: somebody acted in between.
    """
    case = case_load(request_id)
    if case is None:
        raise CaseMissing(str(request_id))
    if by.role not in NOTERS - {Role.CLERK}:
        raise ActBlocked(Blocked("ROLE_NOT_ALLOWED", {"role": by.role.value}))
    if version not in {None, case.request.version}:
        raise CaseChanged
    if case.request.proof_of not in _SEEN_BY_HAND:
        raise ActBlocked(Blocked("NOTHING_TO_SEE"))
    return case_note(case=case, values=_PROVED, act="PROOF_BY_HAND", by=by, now=now)
