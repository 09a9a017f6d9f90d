"""What must hold before a step of the return procedure may be taken.  Pure.

Every guard answers None when the step may go on, or a `Refusal` that says why not.  The first line of a guard's
docstring is the condition as a person reads it in `docs/procedure.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from qaitar.kernel.approvals import Purpose
from qaitar.kernel.refusal import Refusal
from qaitar.returns.vocabulary import EvidenceKind, Quality, RefusalReason, Stage

Approval = Literal["NONE", "REQUESTED", "GIVEN", "DECLINED"]
"""Where a senior's word stands: nobody asked, asked, given, declined."""

DamageReported = Literal["WITHIN_DAY", "WITHIN_TWO_DAYS", "LATER", "UNKNOWN"]
"""How long after receipt damage was reported: the two ways of step 1x and what lies between them."""

GoodsChecked = Literal["UNCHECKED", "SAME", "DIFFERENT"]
"""Whether what came back is what was sold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the procedure looks at in one request; the shell fills it, no guard asks anything else."""

    quality: Quality = Quality.UNKNOWN
    attempt: int = 1
    """Which filing this is: the last digit of the request's number, 1 and up."""
    customer_contacted: bool = False
    """A ticket to the call centre exists, so the customer has been asked and the call centre listens."""
    customer_answered: bool = False
    sent_to_service_centre: bool = False
    """The customer was told to go to the authorised service centre for an act."""
    evidence: frozenset[EvidenceKind] = frozenset()
    """Kinds of evidence the operator has confirmed."""
    missing_evidence: frozenset[EvidenceKind] = frozenset()
    """What the policy demands for this class and is not there yet."""
    technical_act_confirmed: bool = False
    """The operator has seen both signature and stamp on the technical-condition act."""
    approval: Approval = "NONE"
    approved: frozenset[Purpose] = frozenset()
    """What a senior has approved of the request as it stands now; an approval of other values is not among them."""
    approval_outdated: bool = False
    """Approval was asked for other values than the request has now."""
    approval_needed: bool = False
    """The policy wants a senior's word on the sum; damage wants one of its own in any case."""
    requested_by_me: bool = False
    """The person acting is the one who asked for the approval."""
    deputy_of: str = ""
    """The approver whose deputy the person acting is today, where that approver did not ask for the approval."""
    damage_reported: DamageReported = "UNKNOWN"
    near_control: bool = False
    """So close to the control date that the time given to the customer is over."""
    control_due_passed: bool = False
    """The control date itself is over; at IN_DELIVERY this is the planned arrival."""
    awaiting_proof: bool = False
    """A press in the cabinet was decided and the mirror does not show it yet."""
    refusal_reason: RefusalReason | None = None
    """The reason the person has chosen, when refusing."""
    policy_allows_take: bool = False
    """The policy says the goods meet the conditions of return or have to be taken for a check."""
    policy_refusal_reasons: frozenset[RefusalReason] = frozenset()
    """Reasons the policy finds grounded."""
    marketplace_shows_refused: bool = False
    """The mirror shows a refusal pressed in the cabinet itself; the register has to follow the truth."""
    goods_handed_over: bool = False
    """The customer has given the goods to the carrier, the courier or the postomat."""
    goods_checked: GoodsChecked = "UNCHECKED"
    dispute_evidence_sent: bool = False
    reopen_awaited: bool = False
    """The customer was asked to have the marketplace reopen the request and the time for it is not over."""
    now_after_refile_window: bool = False
    newer_attempt_exists: bool = False
    more_than_sold: str = ""
    """Numbers of other filings that already bring back what was sold, so that this one would exceed it."""

    @property
    def lacking(self) -> frozenset[EvidenceKind]:
        """What is still needed; a technical act without confirmed signature and stamp counts as not there."""
        unsigned = EvidenceKind.TECHNICAL_ACT in self.evidence and not self.technical_act_confirmed
        return self.missing_evidence | ({EvidenceKind.TECHNICAL_ACT} if unsigned else frozenset())

    @property
    def has_technical_act(self) -> bool:
        """Tell whether a technical-condition act with signature and stamp is there."""
        return EvidenceKind.TECHNICAL_ACT in self.evidence and self.technical_act_confirmed

    @property
    def approvals_required(self) -> frozenset[Purpose]:
        """Return the approvals without which goods are not taken and no refund is granted."""
        damage = self.quality is Quality.MECHANICAL_DAMAGE
        sums = {Purpose.SUM} if self.approval_needed else set[Purpose]()
        return frozenset(sums | ({Purpose.DAMAGE} if damage else set()))

    @property
    def approvals_to_ask(self) -> frozenset[Purpose]:
        """Return what a senior would be asked now: all that is required or waived and not approved yet.

        Where nothing has to be approved, a person may still ask for an exception.
        """
        wanted = set(self.approvals_required)
        if self.goods_checked == "DIFFERENT":
            wanted.add(Purpose.GOODS_DIFFER)
        if self.lacking or not wanted:
            wanted.add(Purpose.EXCEPTION)
        return frozenset(wanted - self.approved)

    @property
    def approval_wanted(self) -> bool:
        """Tell whether a senior's word is needed: by policy, or because the goods are damaged (step 1x)."""
        return bool(self.approvals_required)

    @property
    def time_is_up(self) -> bool:
        """Tell whether waiting any longer means that the marketplace decides by silence."""
        return self.near_control or self.control_due_passed


Guard = Callable[[Facts], Refusal | None]


def _listed(words: Iterable[str]) -> str:
    return ",".join(sorted(words))


def always(_: Facts) -> Refusal | None:
    """Always."""
    return None


def not_more_than_sold(f: Facts) -> Refusal | None:
    """Together with the other filings of the same item no more comes back than was sold."""
    return Refusal("MORE_THAN_SOLD", {"numbers": f.more_than_sold}) if f.more_than_sold else None


def quality_is_known(f: Facts) -> Refusal | None:
    """The quality class is chosen: the text to the call centre depends on it."""
    return Refusal("QUALITY_UNKNOWN") if f.quality is Quality.UNKNOWN else None


def not_contacted_yet(f: Facts) -> Refusal | None:
    """The quality class is chosen and the customer has not been asked yet."""
    return Refusal("ALREADY_ASKED") if f.customer_contacted else quality_is_known(f)


def approval_not_given(f: Facts) -> Refusal | None:
    """A senior has not approved yet."""
    return None if f.approvals_to_ask else Refusal("APPROVAL_ALREADY_GIVEN")


def approval_may_be_requested(f: Facts) -> Refusal | None:
    """No approval is waiting or given."""
    return (
        Refusal("APPROVAL_ALREADY_REQUESTED")
        if f.approval == "REQUESTED"
        else approval_not_given(f)
    )


def another_person_decides(f: Facts) -> Refusal | None:
    """Approval was asked, and by somebody else."""
    if f.approval != "REQUESTED":
        return Refusal("APPROVAL_NOT_REQUESTED")
    return Refusal("REQUESTED_BY_SAME_PERSON") if f.requested_by_me else None


def may_approve_as_requested(f: Facts) -> Refusal | None:
    """Approval was asked by somebody else, for the request as it is now."""
    return another_person_decides(f) or (
        Refusal("APPROVAL_OUTDATED") if f.approval_outdated else None
    )


def may_approve(f: Facts) -> Refusal | None:
    """Approval was asked by somebody else; damage reported after two days needs the technical act first."""
    late = f.quality is Quality.MECHANICAL_DAMAGE and f.damage_reported == "LATER"
    if late and not f.has_technical_act:
        return Refusal("TECHNICAL_ACT_FIRST")
    return may_approve_as_requested(f)


def approval_is_settled(f: Facts) -> Refusal | None:
    """A senior has approved, where approval is needed."""
    if f.approvals_required <= f.approved:
        return None
    return Refusal("APPROVAL_DECLINED" if f.approval == "DECLINED" else "APPROVAL_NEEDED")


def may_take(f: Facts) -> Refusal | None:
    """No more comes back than was sold; class chosen, approved where needed; documents there, or the conditions of return met, or a senior said yes.

    The technical act alone does not hold the goods back: step 6 asks the service centre for it.
    """
    if (no := not_more_than_sold(f) or quality_is_known(f) or approval_is_settled(f)) is not None:
        return no
    missing = f.missing_evidence - {EvidenceKind.TECHNICAL_ACT}
    if missing and not f.policy_allows_take and Purpose.EXCEPTION not in f.approved:
        return Refusal("EVIDENCE_MISSING", {"missing": _listed(missing)})
    return None


def time_is_up(f: Facts) -> Refusal | None:
    """The control date is so near that silence would do the same."""
    return None if f.time_is_up else Refusal("CONTROL_DATE_NOT_NEAR")


def may_take_unapproved(f: Facts) -> Refusal | None:
    """The control date is so near that silence would do the same, and no more comes back than was sold."""
    return not_more_than_sold(f) or time_is_up(f)


def silence_may_accept(f: Facts) -> Refusal | None:
    """The control date is so near that silence would accept, and nothing known speaks against it."""
    if (no := not_more_than_sold(f)) is not None:
        return no
    if f.goods_checked == "DIFFERENT":
        return Refusal("GOODS_DIFFER")
    return Refusal("APPROVAL_DECLINED") if f.approval == "DECLINED" else time_is_up(f)


def may_grant(f: Facts) -> Refusal | None:
    """The goods are what was sold and no more of them, approved where needed, and the technical act is there unless time is up."""
    if (no := not_more_than_sold(f)) is not None:
        return no
    if f.goods_checked == "DIFFERENT" and Purpose.GOODS_DIFFER not in f.approved:
        return Refusal("GOODS_DIFFER")
    if (no := approval_is_settled(f)) is not None:
        return no
    waived = Purpose.EXCEPTION in f.approved or f.time_is_up
    if EvidenceKind.TECHNICAL_ACT in f.lacking and not waived:
        return Refusal("EVIDENCE_MISSING", {"missing": EvidenceKind.TECHNICAL_ACT.value})
    return None


def has_evidence(f: Facts) -> Refusal | None:
    """At least one piece of evidence is confirmed."""
    return None if f.evidence else Refusal("NO_EVIDENCE")


def has_quality_check_act(f: Facts) -> Refusal | None:
    """The customer brought a quality-check act (RURMA), and the reopening was not asked for yet."""
    if EvidenceKind.QUALITY_CHECK_ACT not in f.evidence:
        return Refusal("QUALITY_CHECK_ACT_MISSING")
    return Refusal("REOPEN_ALREADY_ASKED") if f.reopen_awaited else None


def goods_not_handed_over(f: Facts) -> Refusal | None:
    """The customer still has the goods."""
    return Refusal("GOODS_HANDED_OVER") if f.goods_handed_over else None


def arrival_overdue(f: Facts) -> Refusal | None:
    """The planned arrival is over."""
    return None if f.control_due_passed else Refusal("ARRIVAL_NOT_OVERDUE")


def press_not_proved(f: Facts) -> Refusal | None:
    """The refusal was not seen in the cabinet: nobody pressed, so silence accepted the request."""
    return None if f.awaiting_proof else Refusal("REFUSAL_IS_PROVED")


def may_close_refused(f: Facts) -> Refusal | None:
    """The refusal is seen in the cabinet, and a newer filing took over or the time to file again is over."""
    if f.awaiting_proof:
        return Refusal("PRESS_NOT_PROVED")
    if f.newer_attempt_exists:
        return None
    if f.reopen_awaited:
        return Refusal("REOPEN_AWAITED")
    return None if f.now_after_refile_window else Refusal("REFILE_WINDOW_OPEN")


# --- refusing: each reason has its own ground ---------------------------------------------------------------------


def _nobody_answered(f: Facts) -> bool:
    silent = not f.customer_answered or bool(f.lacking - {EvidenceKind.TECHNICAL_ACT})
    return f.customer_contacted and silent and f.time_is_up


def _sent_for_act(f: Facts) -> bool:
    breakable = f.quality in {Quality.DEFECTIVE, Quality.MECHANICAL_DAMAGE}
    no_act = not f.evidence & {EvidenceKind.IRREPARABILITY_ACT, EvidenceKind.QUALITY_CHECK_ACT}
    return breakable and f.sent_to_service_centre and no_act


def _damaged_by_customer(f: Facts) -> bool:
    if Purpose.DAMAGE in f.approved:
        return False
    late = f.damage_reported == "LATER" or f.approval == "DECLINED"
    damaged = f.quality is Quality.MECHANICAL_DAMAGE and late
    return damaged or RefusalReason.DAMAGE_BY_CUSTOMER in f.policy_refusal_reasons


def _different_goods_came(f: Facts) -> bool:
    return f.goods_checked == "DIFFERENT"


def _by_policy(reason: RefusalReason) -> Callable[[Facts], bool]:
    return lambda f: reason in f.policy_refusal_reasons


GROUNDS: Mapping[RefusalReason, Callable[[Facts], bool]] = MappingProxyType(
    {
        RefusalReason.DIFFERENT_GOODS_CAME: _different_goods_came,
        RefusalReason.NOT_RETURNABLE: _by_policy(RefusalReason.NOT_RETURNABLE),
        RefusalReason.WINDOW_PASSED: _by_policy(RefusalReason.WINDOW_PASSED),
        RefusalReason.USED_OR_INCOMPLETE: _by_policy(RefusalReason.USED_OR_INCOMPLETE),
        RefusalReason.DAMAGE_BY_CUSTOMER: _damaged_by_customer,
        RefusalReason.DEFECT_NOT_CONFIRMED: _by_policy(RefusalReason.DEFECT_NOT_CONFIRMED),
        RefusalReason.UNTRUE_REASON: _by_policy(RefusalReason.UNTRUE_REASON),
        RefusalReason.SENT_FOR_ACT: _sent_for_act,
        RefusalReason.NO_ANSWER: _nobody_answered,
        RefusalReason.NOT_GIVEN: lambda f: f.marketplace_shows_refused,
    }
)
"""When each reason is true, the weightiest first."""

CHOOSABLE = frozenset(RefusalReason) - {RefusalReason.NOT_GIVEN}
"""Reasons to refuse with; `NOT_GIVEN` only records a refusal pressed in the cabinet itself."""

_BEFORE_TAKING = frozenset(RefusalReason) - {RefusalReason.DIFFERENT_GOODS_CAME}
REASONS_AT: Mapping[Stage, frozenset[RefusalReason]] = MappingProxyType(
    {
        Stage.NEW: _BEFORE_TAKING - {RefusalReason.NO_ANSWER},
        Stage.WAITING_CUSTOMER: _BEFORE_TAKING,
        Stage.WAITING_APPROVAL: _BEFORE_TAKING
        - {RefusalReason.NO_ANSWER, RefusalReason.SENT_FOR_ACT},
        Stage.ARRIVED: frozenset(RefusalReason)
        - {RefusalReason.NO_ANSWER, RefusalReason.SENT_FOR_ACT},
    }
)
"""Which reasons make sense at which stage: silence needs a question first, an act is not asked for goods we hold."""


def refusal_reasons(stage: Stage, facts: Facts) -> tuple[RefusalReason, ...]:
    """Return the reasons that are true now and fit the stage, the weightiest first.

    A refusal that the mirror already shows may be recorded with any reason of the stage: it happened.

    >>> refusal_reasons(Stage.WAITING_CUSTOMER, Facts(customer_contacted=True, near_control=True))
    (<RefusalReason.NO_ANSWER: 'NO_ANSWER'>,)
    >>> refusal_reasons(Stage.WAITING_CUSTOMER, Facts(customer_contacted=True))
    ()
    """
    fitting = REASONS_AT.get(stage, frozenset())
    return tuple(
        reason
        for reason, holds in GROUNDS.items()
        if reason in fitting and (facts.marketplace_shows_refused or holds(facts))
    )


def may_refuse_at(stage: Stage) -> Guard:
    """Build the guard of a refusal at `stage`: the chosen reason has to be true there."""

    def may_refuse(f: Facts) -> Refusal | None:
        """A reason is chosen, and it is true at this stage."""
        reasons = refusal_reasons(stage, f)
        if not reasons:
            return Refusal("NO_GROUND_FOR_REFUSAL")
        if f.refusal_reason is None:
            return Refusal("REASON_NEEDED", {"reasons": _listed(reasons)})
        if f.refusal_reason not in reasons:
            return Refusal("REASON_NOT_GROUNDED", {"reason": f.refusal_reason.value})
        return None

    return may_refuse


def when_time_is_up(guard: Guard) -> Guard:
    """Build a guard that also holds the deadline guard back until the control date is near.

    A refusal the cabinet shows is not the guard's doing: it is recorded whenever it is seen.
    """

    def near_and_grounded(f: Facts) -> Refusal | None:
        """The control date is near or the cabinet shows a refusal, and a chosen reason is true at this stage."""
        too_early = None if f.marketplace_shows_refused else time_is_up(f)
        return too_early or guard(f)

    return near_and_grounded
