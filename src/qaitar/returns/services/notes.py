"""What people note on a case without moving it: class, inspection of the goods, customer's answer, assignee, dates, words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qaitar.foundation.journal.transition import move
from qaitar.foundation.ops.jobs import job_defer
from qaitar.foundation.ops.waiting import release_waiting
from qaitar.kernel.roles import Role
from qaitar.returns.errors import ActBlocked, CaseChanged, CaseMissing
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import case_load
from qaitar.returns.rules.case_approvals import changed_facts
from qaitar.returns.rules.case_evaluation import control_values
from qaitar.returns.rules.procedure import Blocked
from qaitar.returns.services.case_change import RUN_TASK, change_of, held, written
from qaitar.returns.services.missed_deadlines import record_missed_deadlines
from qaitar.returns.vocabulary import Effect, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor
    from qaitar.returns.reads.cases import Case

CONTROL: Final = (
    "control_at",
    "control_rule",
    "control_source",
    "guard_next_at",
    "alerts_sent",
    "alert_level",
)
NOTABLE: Final = frozenset(
    {
        "quality",
        "inspection",
        "customer_answered",
        "goods_checked",
        "goods_handed_over",
        "received_on",
        "planned_arrival_on",
        "marketplace_due_at",
        "marketplace_due_section",
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
_TELLS_THE_DAY: Final = frozenset(
    {"planned_arrival_on", "marketplace_due_at", "marketplace_due_section"}
)
NOTERS: Final = frozenset(
    {Role.OPERATOR, Role.SENIOR, Role.OWNER, Role.ADMIN, Role.CLERK, Role.SYSTEM}
)

NOT_BY_CLERK: Final = frozenset(
    {
        "quality",
        "amount_minor",
        "quantity_milli",
        "line_id",
        "product_name",
        "product_sku",
        "category_title",
    }
)
"""What decides about money and approval; who hands goods over at the counter does not note it."""


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
    *,
    case: Case,
    values: Mapping[str, Any],
    by: Actor,
    now: datetime,
    why: str = "",
    of_order: int | None = None,
) -> ReturnRequest:
    """Write down facts about a loaded case; errors as `request_note`.

    `of_order` is the amount in minor units as the order tells it, where it was looked up with these facts.
    """
    unknown = set(values) - NOTABLE
    assert not unknown, f"not notable: {unknown}"
    if by.role not in NOTERS:
        raise ActBlocked(Blocked("ROLE_NOT_ALLOWED", {"role": by.role.value}))
    if by.role is Role.CLERK and _decisive(case, values):
        raise ActBlocked(Blocked("ROLE_NOT_ALLOWED", {"role": by.role.value}))
    if case.request.stage == Stage.CLOSED and set(values) - {"customer_words"}:
        raise ActBlocked(Blocked("CASE_CLOSED"))
    if "inspection" in values:
        inspection = {**case.request.inspection, **values["inspection"]}
        known = {name: mark for name, mark in inspection.items() if mark is not None}
        values = {**values, "inspection": known}
    return case_note(
        case=case, values=values, act="NOTE", by=by, now=now, why=why, of_order=of_order
    )


def _decisive(case: Case, values: Mapping[str, Any]) -> bool:
    """Tell whether a fact changes by which money is decided; noting what is already so changes none."""
    changed = {name for name, value in values.items() if getattr(case.request, name) != value}
    return bool(changed & NOT_BY_CLERK)


def case_note(  # noqa: PLR0913  a note is all of these
    *,
    case: Case,
    values: Mapping[str, Any],
    act: str,
    by: Actor,
    now: datetime,
    why: str = "",
    of_order: int | None = None,
) -> ReturnRequest:
    """Write facts on a loaded case under the journal word `act`; errors and `of_order` as `loaded_note`."""
    request = case.request
    before = {name: getattr(request, name) for name in (*values, *CONTROL)}
    if all(before[name] == value for name, value in values.items()):
        return request
    record_missed_deadlines([case], now)
    before |= {name: getattr(request, name) for name in CONTROL}
    for name, value in values.items():
        setattr(request, name, value)
    after = {**values, **control_values(request, (case.store_text, case.days_text), now)}
    for name, value in before.items():
        setattr(request, name, value)
    after |= _amount_origin(request, values, by, of_order)
    approvals = changed_facts(case, held(request), by, now, values=values)
    change = change_of(request, {**after, **approvals.values}, act, by, now, why=why)
    change = approvals.added_to(change)
    heads = move(ReturnRequest, [change])
    if not heads:
        raise CaseChanged
    if _TELLS_THE_DAY & set(values) and release_waiting(PLANNED_DAY, now, subject_id=request.pk):
        job_defer(RUN_TASK, queue="effects", merchant_id=str(request.merchant_id))
    return written(request, change, heads)


def _amount_origin(
    request: ReturnRequest, values: Mapping[str, Any], by: Actor, of_order: int | None
) -> dict[str, Any]:
    """Remember what the limit of approval is judged by when the amount changes.

    A person's correction keeps the highest amount replaced so far, the order's among them; an amount a person enters where
    none was known is marked as entered by hand.  What the program itself reads is neither.
    """
    old = request.amount_minor
    new = values.get("amount_minor", old)
    if (new == old and of_order is None) or "amount_by_hand" in values:
        return {}
    if by.role is Role.SYSTEM:
        return {"amount_by_hand": False}
    replaced = [each for each in (old, of_order) if each is not None and each != new]
    known = [each for each in (*replaced, request.amount_peak_minor) if each is not None]
    return {
        "amount_peak_minor": max(known, default=None),
        "amount_by_hand": of_order is None and (old is None or request.amount_by_hand),
    }


COMMENT_MAX: Final = 2_000
_PROVED: Final[Mapping[str, Any]] = {"pending_press": "", "pending_since": None, "pending_text": ""}
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
    if case.request.pending_press not in _SEEN_BY_HAND:
        raise ActBlocked(Blocked("NOTHING_TO_SEE"))
    return case_note(case=case, values=_PROVED, act="PROOF_BY_HAND", by=by, now=now)
