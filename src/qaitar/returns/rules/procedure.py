"""The operator's procedure for a return request, step by step, as one table.  Pure.

The numbers are those of the operator's own document (0, 1-2, 1x, 3 ... 9, D).  `docs/procedure.md` is made from this
table.  `stage` is ours; the marketplace's section is a mirror kept beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from qaitar.kernel.approvals import Purpose
from qaitar.kernel.refusal import Refusal
from qaitar.kernel.roles import SENIORS, WORKERS, Role
from qaitar.returns.rules import guards
from qaitar.returns.rules.guards import Approval, Facts, Guard, refusal_reasons
from qaitar.returns.vocabulary import (
    Act,
    Effect,
    EvidenceKind,
    Outcome,
    Quality,
    Stage,
)

__all__ = [
    "APPROVAL_AFTER",
    "PROCEDURE",
    "Advanced",
    "Approval",
    "Blocked",
    "Facts",
    "Offer",
    "Step",
    "advance",
    "allowed_acts",
    "effects_of_new_evidence",
    "recommended",
    "refusal_reasons",
]

WORKERS_OR_GUARD = WORKERS | {Role.SYSTEM}
SENIORS_OR_GUARD = SENIORS | {Role.SYSTEM}
NOTERS = WORKERS | {Role.SYSTEM}
FLOOR = NOTERS | {Role.CLERK}
MONEY = NOTERS | {Role.ACCOUNTANT}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the procedure: what `act` does at stage `at`, when, by whom and with what effects."""

    number: str
    """The operator's own step number."""
    at: Stage
    act: Act
    to: Stage
    when: Guard = guards.always
    then: tuple[Effect, ...] = ()
    """All effects the step may have; `Advanced.effects` leaves out those the facts make idle."""
    roles: frozenset[Role] = NOTERS
    outcome: Outcome = Outcome.NONE
    irreversible: bool = False
    """A press in the cabinet that the seller cannot take back."""
    by_guard: Guard | None = None
    """What must hold instead of `when` if the deadline guard acts by the store's set default."""


@dataclass(frozen=True, slots=True)
class Advanced:
    """The act performs `step`; `effects` are those that have to happen now."""

    step: Step
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Blocked:
    """The act may not be performed now: a stable code for the screen, its facts and the step that would apply."""

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    step_number: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """One button: the act and what pressing it would come to."""

    act: Act
    answer: Advanced | Blocked


S, A, E, X = Stage, Act, Effect, Outcome
REG = E.WRITE_REGISTER
REGISTER_AND_COMMENT = (E.WRITE_REGISTER, E.TICKET_COMMENT)
CONTACTED = (E.OPEN_TICKET, E.WRITE_REGISTER)
ACCEPTED = (E.CREATE_RETURN_ORDER, E.ATTACH_EVIDENCE, E.ASK_SERVICE_CENTRE, *REGISTER_AND_COMMENT)
TAKING = (E.PRESS_TAKE, *ACCEPTED)
TURNED_DOWN = (E.PRESS_REFUSE, *REGISTER_AND_COMMENT)
GRANTED = (E.PRESS_GRANT, REG)
SILENCE = guards.silence_may_accept
REFUSE_NEW = guards.may_refuse_at(S.NEW)
REFUSE_WAIT = guards.may_refuse_at(S.WAITING_CUSTOMER)
REFUSE_APPR = guards.may_refuse_at(S.WAITING_APPROVAL)
REFUSE_HERE = guards.may_refuse_at(S.ARRIVED)

# fmt: off
PROCEDURE: tuple[Step, ...] = (
    #    step   at                  act                         to                  when                         then
    Step("1-2", S.NEW,              A.ASK_CUSTOMER,             S.WAITING_CUSTOMER, guards.quality_is_known,     CONTACTED, WORKERS),
    Step("1-2", S.WAITING_CUSTOMER, A.ASK_CUSTOMER,             S.WAITING_CUSTOMER, guards.not_contacted_yet,    CONTACTED, WORKERS),
    Step("1x",  S.NEW,              A.SEND_FOR_APPROVAL,        S.WAITING_APPROVAL, guards.approval_not_given,   (REG,), WORKERS),
    Step("1x",  S.WAITING_CUSTOMER, A.SEND_FOR_APPROVAL,        S.WAITING_APPROVAL, guards.approval_not_given,   (REG,), WORKERS),
    Step("1x",  S.WAITING_APPROVAL, A.APPROVE,                  S.WAITING_CUSTOMER, guards.may_approve,          (REG,), SENIORS),
    Step("1x",  S.WAITING_APPROVAL, A.DECLINE,                  S.WAITING_CUSTOMER, guards.another_person_decides, (REG,), SENIORS),
    Step("3a",  S.NEW,              A.REFUSE,                   S.REFUSED,          REFUSE_NEW,                  TURNED_DOWN, WORKERS_OR_GUARD, irreversible=True, by_guard=guards.when_time_is_up(REFUSE_NEW)),
    Step("3a",  S.WAITING_CUSTOMER, A.REFUSE,                   S.REFUSED,          REFUSE_WAIT,                 TURNED_DOWN, WORKERS_OR_GUARD, irreversible=True, by_guard=guards.when_time_is_up(REFUSE_WAIT)),
    Step("3a",  S.WAITING_APPROVAL, A.REFUSE,                   S.REFUSED,          REFUSE_APPR,                 TURNED_DOWN, SENIORS_OR_GUARD, irreversible=True, by_guard=guards.when_time_is_up(REFUSE_APPR)),
    Step("3b-6", S.NEW,             A.TAKE_FOR_INSPECTION,      S.IN_DELIVERY,      guards.may_take,             TAKING, WORKERS_OR_GUARD, irreversible=True, by_guard=SILENCE),
    Step("3b-6", S.WAITING_CUSTOMER, A.TAKE_FOR_INSPECTION,     S.IN_DELIVERY,      guards.may_take,             TAKING, WORKERS_OR_GUARD, irreversible=True, by_guard=SILENCE),
    Step("3b-6", S.WAITING_APPROVAL, A.TAKE_FOR_INSPECTION,     S.IN_DELIVERY,      guards.may_take_unapproved,  TAKING, SENIORS_OR_GUARD, irreversible=True, by_guard=SILENCE),
    Step("3c",  S.NEW,              A.NOTE_ACCEPTED,            S.IN_DELIVERY,      guards.always,               ACCEPTED),
    Step("3c",  S.WAITING_CUSTOMER, A.NOTE_ACCEPTED,            S.IN_DELIVERY,      guards.always,               ACCEPTED),
    Step("3c",  S.WAITING_APPROVAL, A.NOTE_ACCEPTED,            S.IN_DELIVERY,      guards.always,               ACCEPTED),
    Step("3c",  S.REFUSED,          A.NOTE_ACCEPTED,            S.IN_DELIVERY,      guards.press_not_proved,     ACCEPTED),
    Step("7",   S.IN_DELIVERY,      A.NOTE_ARRIVAL,             S.ARRIVED,          guards.always,               (REG,), FLOOR),
    Step("7x",  S.IN_DELIVERY,      A.NOTE_NEVER_ARRIVED,       S.CLOSED,           guards.arrival_overdue,      REGISTER_AND_COMMENT, outcome=X.NEVER_ARRIVED),
    Step("8x",  S.ARRIVED,          A.SEND_FOR_APPROVAL,        S.ARRIVED,          guards.approval_may_be_requested, (REG,), WORKERS),
    Step("8x",  S.ARRIVED,          A.APPROVE,                  S.ARRIVED,          guards.may_approve_as_requested, (REG,), SENIORS),
    Step("8x",  S.ARRIVED,          A.DECLINE,                  S.ARRIVED,          guards.another_person_decides, (REG,), SENIORS),
    Step("8",   S.ARRIVED,          A.GRANT_REFUND,             S.REFUND_GRANTED,   guards.may_grant,            GRANTED, WORKERS_OR_GUARD, irreversible=True, by_guard=SILENCE),
    Step("8a",  S.ARRIVED,          A.REFUSE,                   S.REFUSED,          REFUSE_HERE,                 TURNED_DOWN, WORKERS_OR_GUARD, irreversible=True, by_guard=guards.when_time_is_up(REFUSE_HERE)),
    Step("9",   S.REFUND_GRANTED,   A.NOTE_REFUND_DONE,         S.CLOSED,           guards.always,               REGISTER_AND_COMMENT, MONEY, X.REFUNDED),
    Step("9a",  S.REFUSED,          A.CLOSE_REFUSED,            S.CLOSED,           guards.may_close_refused,    (REG,), NOTERS, X.REFUSED),
    Step("D",   S.NEW,              A.NOTE_DISPUTE,             S.DISPUTED,         guards.always,               REGISTER_AND_COMMENT),
    Step("D",   S.WAITING_CUSTOMER, A.NOTE_DISPUTE,             S.DISPUTED,         guards.always,               REGISTER_AND_COMMENT),
    Step("D",   S.WAITING_APPROVAL, A.NOTE_DISPUTE,             S.DISPUTED,         guards.always,               REGISTER_AND_COMMENT),
    Step("D",   S.IN_DELIVERY,      A.NOTE_DISPUTE,             S.DISPUTED,         guards.always,               REGISTER_AND_COMMENT),
    Step("D",   S.ARRIVED,          A.NOTE_DISPUTE,             S.DISPUTED,         guards.always,               REGISTER_AND_COMMENT),
    Step("D",   S.REFUSED,          A.NOTE_DISPUTE,             S.DISPUTED,         guards.always,               REGISTER_AND_COMMENT),
    Step("D1",  S.DISPUTED,         A.SEND_DISPUTE_EVIDENCE,    S.DISPUTED,         guards.has_evidence,         (REG,), WORKERS),
    Step("D2",  S.DISPUTED,         A.GRANT_REFUND,             S.REFUND_GRANTED,   guards.not_more_than_sold,   GRANTED, SENIORS_OR_GUARD, irreversible=True, by_guard=SILENCE),
    Step("D3",  S.DISPUTED,         A.NOTE_DISPUTE_WON,         S.CLOSED,           guards.always,               REGISTER_AND_COMMENT, outcome=X.DISPUTE_WON),
    Step("D3",  S.DISPUTED,         A.NOTE_DISPUTE_LOST,        S.CLOSED,           guards.always,               REGISTER_AND_COMMENT, outcome=X.DISPUTE_LOST),
    Step("D4",  S.REFUSED,          A.ASK_TO_REOPEN,            S.REFUSED,          guards.has_quality_check_act, (E.ASK_REOPEN, REG), WORKERS),
    Step("D5",  S.REFUSED,          A.NOTE_REOPENED,            S.NEW,              guards.always,               REGISTER_AND_COMMENT),
    Step("W",   S.NEW,              A.NOTE_WITHDRAWN,           S.CLOSED,           guards.always,               REGISTER_AND_COMMENT, outcome=X.WITHDRAWN),
    Step("W",   S.WAITING_CUSTOMER, A.NOTE_WITHDRAWN,           S.CLOSED,           guards.always,               REGISTER_AND_COMMENT, outcome=X.WITHDRAWN),
    Step("W",   S.WAITING_APPROVAL, A.NOTE_WITHDRAWN,           S.CLOSED,           guards.always,               REGISTER_AND_COMMENT, outcome=X.WITHDRAWN),
    Step("W",   S.IN_DELIVERY,      A.NOTE_WITHDRAWN,           S.CLOSED,           guards.goods_not_handed_over, REGISTER_AND_COMMENT, outcome=X.WITHDRAWN),
    Step("W",   S.DISPUTED,         A.NOTE_WITHDRAWN,           S.CLOSED,           guards.always,               REGISTER_AND_COMMENT, outcome=X.WITHDRAWN),
    *(
        Step("K", stage,            A.NOTE_MARKETPLACE_DECIDED, S.CLOSED,           guards.always,               REGISTER_AND_COMMENT, outcome=X.MARKETPLACE_REFUNDED)
        for stage in S if stage is not S.CLOSED
    ),
)
# fmt: on
"""The whole procedure.  No row for a (stage, act) pair means: there is no such step."""

_BY_KEY: Mapping[tuple[Stage, Act], Step] = MappingProxyType({(s.at, s.act): s for s in PROCEDURE})
assert len(_BY_KEY) == len(PROCEDURE), "two steps share a stage and an act"

APPROVAL_AFTER: Mapping[Act, Approval] = MappingProxyType(
    {A.SEND_FOR_APPROVAL: "REQUESTED", A.APPROVE: "GIVEN", A.DECLINE: "DECLINED"}
)
"""What the approval fact becomes after an act; acts not named leave it as it was."""


def _effects(step: Step, facts: Facts) -> tuple[Effect, ...]:
    """Leave out a comment where no ticket exists, and the request for an act that is there or not needed."""
    idle: set[Effect] = set()
    if not facts.customer_contacted:
        idle.add(E.TICKET_COMMENT)
    if EvidenceKind.TECHNICAL_ACT not in facts.lacking:
        idle.add(E.ASK_SERVICE_CENTRE)
    return tuple(effect for effect in step.then if effect not in idle)


DEPUTISED: frozenset[Act] = frozenset({A.APPROVE, A.DECLINE})
"""What a deputy may do in an approver's place."""


def _hitch(step: Step, facts: Facts, role: Role) -> Refusal | None:
    deputy = step.act in DEPUTISED and role in WORKERS and bool(facts.deputy_of)
    if role not in step.roles and not deputy:
        return Refusal("ROLE_NOT_ALLOWED", {"role": role.value})
    if role is Role.SYSTEM and step.by_guard is not None:
        return step.by_guard(facts)
    return step.when(facts)


def advance(stage: Stage, act: Act, facts: Facts, role: Role) -> Advanced | Blocked:
    """Say which step of the procedure `act` performs for `role`, or why it may not be performed now.

    >>> advance(Stage.ARRIVED, Act.GRANT_REFUND, Facts(quality=Quality.PROPER), Role.OPERATOR).step.number
    '8'
    >>> advance(Stage.CLOSED, Act.GRANT_REFUND, Facts(), Role.OWNER).code
    'NO_SUCH_STEP'
    """
    step = _BY_KEY.get((stage, act))
    if step is None:
        return Blocked("NO_SUCH_STEP", {"stage": stage.value, "act": act.value})
    if (no := _hitch(step, facts, role)) is not None:
        return Blocked(no.code, no.params, step.number)
    return Advanced(step, _effects(step, facts))


def _with_reason(stage: Stage, facts: Facts) -> Facts:
    """Choose the weightiest true reason where none is chosen, so that the button is judged by what it could do."""
    reasons = refusal_reasons(stage, facts)
    if facts.refusal_reason is not None or not reasons:
        return facts
    return replace(facts, refusal_reason=reasons[0])


def allowed_acts(stage: Stage, facts: Facts, role: Role) -> tuple[Offer, ...]:
    """Return one offer for each act the procedure knows at `stage`, the recommended first, the possible before others.

    Refusing is offered when at least one reason is true; the reason itself is chosen with `refusal_reasons`.
    """
    judged = _with_reason(stage, facts)
    best = recommended(stage, facts)
    offers = [
        Offer(step.act, advance(stage, step.act, judged, role))
        for step in PROCEDURE
        if step.at is stage
    ]
    return tuple(sorted(offers, key=lambda o: (o.act is not best, isinstance(o.answer, Blocked))))


def _open(stage: Stage, act: Act, facts: Facts) -> bool:
    step = _BY_KEY.get((stage, act))
    return step is not None and step.when(_with_reason(stage, facts)) is None


def _wants_refusal(facts: Facts) -> bool:
    """Tell whether something firm speaks against the request, so that refusing comes before taking."""
    firm = bool(facts.policy_refusal_reasons) and not facts.policy_allows_take
    return not facts.approved and (firm or facts.approval == "DECLINED")


def _before_taking(stage: Stage, facts: Facts) -> Act | None:
    unsettled = not facts.approvals_required <= facts.approved
    wanted = unsettled and facts.approval != "DECLINED"
    act_first = (
        facts.quality is Quality.MECHANICAL_DAMAGE
        and facts.damage_reported == "LATER"
        and not facts.has_technical_act
    )
    order = (
        (A.REFUSE, _wants_refusal(facts)),
        (A.TAKE_FOR_INSPECTION, facts.quality is not Quality.NOT_RECEIVED),  # nothing to take
        (A.SEND_FOR_APPROVAL, wanted and not act_first),
        (A.ASK_CUSTOMER, True),
        (A.REFUSE, True),
    )
    return next((act for act, fits in order if fits and _open(stage, act, facts)), None)


def _at_our_point(stage: Stage, facts: Facts) -> Act | None:
    unsettled = not facts.approvals_required <= facts.approved
    wanted = unsettled and facts.approval in {"NONE", "GIVEN"}
    differ = facts.goods_checked == "DIFFERENT" and Purpose.GOODS_DIFFER not in facts.approved
    order = (
        (A.REFUSE, differ or _wants_refusal(facts)),
        (A.GRANT_REFUND, True),
        (A.SEND_FOR_APPROVAL, wanted),
    )
    return next((act for act, fits in order if fits and _open(stage, act, facts)), None)


def recommended(stage: Stage, facts: Facts) -> Act | None:
    """Return the act the procedure leads to now, or None where it is right to wait or a person has to judge.

    >>> recommended(Stage.NEW, Facts(quality=Quality.PROPER, missing_evidence=frozenset({EvidenceKind.PHOTO_GOODS})))
    <Act.ASK_CUSTOMER: 'ASK_CUSTOMER'>
    """
    if stage in {S.NEW, S.WAITING_CUSTOMER}:
        return _before_taking(stage, facts)
    if stage is S.ARRIVED:
        return _at_our_point(stage, facts)
    candidates: Mapping[Stage, tuple[tuple[Act, bool], ...]] = {
        S.IN_DELIVERY: ((A.NOTE_ARRIVAL, facts.time_is_up),),
        S.REFUSED: ((A.ASK_TO_REOPEN, True), (A.CLOSE_REFUSED, True)),
        S.DISPUTED: ((A.SEND_DISPUTE_EVIDENCE, not facts.dispute_evidence_sent),),
    }
    fitting = candidates.get(stage, ())
    return next((act for act, fits in fitting if fits and _open(stage, act, facts)), None)


def effects_of_new_evidence(stage: Stage) -> tuple[Effect, ...]:
    """Return what a newly confirmed piece of evidence sets in motion: step 6 goes on while the goods are ours to check.

    >>> effects_of_new_evidence(Stage.IN_DELIVERY)
    (<Effect.ATTACH_EVIDENCE: 'ATTACH_EVIDENCE'>,)
    """
    return (E.ATTACH_EVIDENCE,) if stage in {S.IN_DELIVERY, S.ARRIVED} else ()
