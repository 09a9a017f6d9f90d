"""Says the findings of policy, procedure, clock and guard in whole sentences, in the reader's language.

Pure layers give codes with facts; this is the one place where they become words a person reads.  A code without
a sentence fails a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from django.utils import formats
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from qaitar.kernel.money import Currency, format_minor
from qaitar.kernel.roles import Role
from qaitar.returns.deadlines import control_dates as dates
from qaitar.returns.deadlines.deadline_guard import GuardAction
from qaitar.returns.rules.goods_groups import GoodsGroup
from qaitar.returns.texts.words import ACTS, DEEDS, SOURCE_KINDS, word_for
from qaitar.returns.vocabulary import Act, ControlRule, Effect, EvidenceKind, RefusalReason, Stage

if TYPE_CHECKING:
    from enum import Enum

    from qaitar.kernel.refusal import Refusal
    from qaitar.returns.errors import BadCase
    from qaitar.returns.rules.dated_rules import RuleSource
    from qaitar.returns.rules.policy import Ground
    from qaitar.returns.rules.procedure import Blocked

BLOCKED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "NO_SUCH_STEP": _("“%(act)s” is not a step of the procedure at “%(stage)s”."),
        "ROLE_NOT_ALLOWED": _("Your role (%(role)s) may not do this."),
        "QUALITY_UNKNOWN": _("Choose the quality class first."),
        "ALREADY_ASKED": _("The customer has been asked already."),
        "APPROVAL_ALREADY_GIVEN": _("A senior has approved already."),
        "APPROVAL_ALREADY_REQUESTED": _("Approval has been asked for already."),
        "APPROVAL_NOT_REQUESTED": _("Nobody has asked for approval."),
        "APPROVAL_OUTDATED": _(
            "The request has changed since approval was asked for; look at it and ask again."
        ),
        "VERSION_NEEDED": _(
            "The answer does not say which version of the request it is about. Open the request, look at it and decide again."
        ),
        "REQUESTED_BY_SAME_PERSON": _("You asked for this approval; another person has to decide."),
        "TECHNICAL_ACT_FIRST": _(
            "Damage was reported after two days: a technical-condition act comes first."
        ),
        "APPROVAL_DECLINED": _("A senior has declined."),
        "APPROVAL_NEEDED": _("A senior has to approve first."),
        "EVIDENCE_MISSING": _("Still needed: %(missing)s."),
        "CONTROL_DATE_NOT_NEAR": _("The control date is not near yet."),
        "GOODS_DIFFER": _("The goods that came back are not what was sold."),
        "MORE_THAN_SOLD": _(
            "More would come back than was sold: %(numbers)s brings it back already."
        ),
        "NO_EVIDENCE": _("There is no evidence yet."),
        "QUALITY_CHECK_ACT_MISSING": _("There is no quality-check act (RURMA) yet."),
        "REOPEN_ALREADY_ASKED": _("Reopening has been asked for; its time is not over."),
        "GOODS_HANDED_OVER": _("The customer has handed the goods over already."),
        "ARRIVAL_NOT_OVERDUE": _("The planned arrival is not over yet."),
        "REFUSAL_IS_PROVED": _("The refusal is shown in the cabinet; it stands."),
        "PRESS_NOT_PROVED": _("The refusal is not shown in the cabinet yet."),
        "REOPEN_AWAITED": _("The customer was asked to reopen; their time is not over."),
        "REFILE_WINDOW_OPEN": _("The customer may still file again."),
        "NO_GROUND_FOR_REFUSAL": _("There is no true ground for a refusal now."),
        "REASON_NEEDED": _("Choose a reason for the refusal: %(reasons)s."),
        "REASON_NOT_GROUNDED": _("This reason is not true for this request: %(reason)s."),
        "CASE_CLOSED": _("The request is closed."),
        "ORDER_UNKNOWN": _("The order of this request is not known here yet."),
        "LINE_UNKNOWN": _("The order has no such line."),
        "NOTHING_TO_SEE": _("Nothing waits to be seen in the cabinet."),
        "EFFECT_NOT_STUCK": _("This is on its way or done; there is nothing to do by hand."),
        "CASE_CHANGED": _("Somebody else acted on this request in between."),
    }
)
"""Why an act may not be done now."""

BAD_CASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "NUMBER_UNREADABLE": _(
            "“%(number)s” is not a request number; it looks like 700000001-1: order and attempt."
        ),
        "NUMBER_TAKEN": _("The store already has a request %(number)s."),
        "STORE_UNKNOWN": _("There is no such store."),
        "LINE_UNKNOWN": _("The order has no such line."),
    }
)
"""Why what was entered cannot become a case."""

GROUNDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "RECEIVED_DATE_UNKNOWN": _("It is not known when the customer received the goods."),
        "WINDOW_OPEN": _("Filed in time: the last day is %(last_day)s (%(days)s days)."),
        "WARRANTY_UNKNOWN": _(
            "The %(days)s days ended on %(last_day)s; it is not known whether the warranty still holds."
        ),
        "WINDOW_PASSED": _("Filed too late: the last day was %(last_day)s (%(days)s days)."),
        "GROUP_NOT_FOR_DEFECTS": _(
            "“%(group)s” is not returnable in good order; that does not touch a defect."
        ),
        "GROUP_NOT_REVIEWED": _(
            "The category looks like “%(group)s”, not returnable in good order; nobody has reviewed it."
        ),
        "GROUP_NOT_RETURNABLE": _("“%(group)s” is not returnable in good order."),
        "LOOK_NOT_KEPT": _("Not kept as required: %(marks)s."),
        "LOOK_TO_CHECK": _("Look and completeness have to be checked on the goods."),
        "PACKAGING_NOT_KEPT": _(
            "The packaging is not kept; that alone grounds no refusal, so the goods are checked."
        ),
        "DEFECT_NOT_CONFIRMED": _("The check found no defect."),
        "DEFECT_TO_CHECK": _("The defect has to be checked on the goods."),
        "DAMAGE_NEEDS_APPROVAL": _("Mechanical damage (%(reported)s): a senior decides."),
        "DAMAGE_ACT_FIRST": _(
            "Damage was reported after two days: a signed and stamped technical-condition act comes first."
        ),
        "UNIT_IS_THE_ONE_SOLD": _("The unit in the photos is the one that was sold."),
        "MISMATCH_TO_CHECK": _("Whether these are other goods has to be checked on the goods."),
        "HANDOVER_PROVED": _("A hand-over act proves that the customer received the goods."),
        "DELIVERY_PROOF_NEEDED": _("A proof of delivery is needed."),
        "QUALITY_UNKNOWN": _("The quality class is not chosen yet."),
        "EVIDENCE_MISSING": _("Still needed: %(missing)s."),
        "SUM_UNKNOWN": _("The sum is not known; above %(limit_minor)s a senior approves."),
        "SUM_BY_HAND": _(
            "The sum was entered by hand and no order confirms it; where there is a limit (%(limit_minor)s), a senior approves."
        ),
        "SUM_ABOVE_LIMIT": _(
            "%(amount_minor)s is above the limit of %(limit_minor)s: a senior approves."
        ),
        "MORE_THAN_SOLD": _(
            "%(back)s would come back and %(sold)s was sold: see %(numbers)s first."
        ),
        "ITEM_COMES_BACK_ALREADY": _(
            "%(numbers)s brings this item back already, and how many were sold is not known."
        ),
        "FILED_AGAIN": _("Filed again, attempt %(attempt)s: read the earlier history first."),
        "REASON_UNTRUE": _("There is proof that the stated reason is not true."),
        "UNIT_DIFFERS": _("The unit in the photos is not the one that was sold."),
    }
)
"""What the policy found."""

RULE_REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "RULE_VALUE_UNFIT": _("The value does not fit the rule %(rule)s."),
        "RULE_DAYS_REVERSED": _("The rule %(rule)s ends before it begins."),
        "RULE_BELOW_LAW": _(
            "%(rule)s: %(value)s is less than the %(least)s the law gives the customer (%(source)s)."
        ),
        "RULE_BEYOND_LAW": _("%(rule)s: the law does not list %(extra)s (%(source)s)."),
    }
)
"""Why a merchant's own rule is not followed."""

WILL_DO: Final[Mapping[Effect, str]] = MappingProxyType(
    {
        Effect.OPEN_TICKET: _("A ticket goes to the call centre: the customer is asked."),
        Effect.TICKET_COMMENT: _("The call centre is told in the ticket."),
        Effect.WRITE_REGISTER: _("The line of the register is written or brought up to date."),
        Effect.PRESS_TAKE: _(
            "You press “Take for inspection” in the cabinet; the request waits until that is seen."
        ),
        Effect.PRESS_REFUSE: _(
            "You press “Refuse” in the cabinet; the request waits until that is seen."
        ),
        Effect.PRESS_GRANT: _(
            "You press “Grant the refund” in the cabinet; the marketplace returns the money."
        ),
        Effect.CREATE_RETURN_ORDER: _("A return order is created in the accounting system."),
        Effect.ATTACH_EVIDENCE: _("The evidence is attached to the return order."),
        Effect.ASK_SERVICE_CENTRE: _(
            "The service centre is asked for the technical-condition act."
        ),
        Effect.ASK_REOPEN: _(
            "The call centre asks the customer to have the marketplace reopen the request."
        ),
    }
)
"""What pressing a button sets in motion, told before it is pressed."""

CONTROL_SOURCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        dates.MARKETPLACE_SOURCE: _("the date shown in the request"),
        dates.REACTION: _(
            "Kaspi's manual 9.3; the term is not published, ours is short on purpose"
        ),
        dates.DECISION: _("Kaspi's manual 10.3"),
        dates.DECISION_POINT: _("Kaspi's manual 10.2"),
        dates.REFILE: _("Kaspi's manual 11.2"),
        dates.DISPUTE: _("Kaspi's manual 12.2"),
        dates.LOST: _("Kaspi's manual 13.2"),
        dates.ACT_RETENTION: _("Kaspi's manual 10.5"),
        dates.PROOF: _("the store's setting: hours until a press has to be seen"),
    }
)
"""Where a control date comes from."""

JOURNAL_ACTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CREATE": _("Request opened"),
        "NOTE": _("Facts noted"),
        "ADD_EVIDENCE": _("Evidence added"),
        "CONFIRM_EVIDENCE": _("Evidence confirmed"),
        "WITHDRAW_EVIDENCE": _("Evidence withdrawn"),
        "RESTORE_EVIDENCE": _("Evidence put back"),
        "MIRROR": _("Cabinet shows something new"),
        "LINK_ORDER": _("Order found"),
        "PROOF": _("Press seen in the cabinet"),
        "PROOF_BY_HAND": _("Press seen in the cabinet by a person"),
        "COMMENT": _("Note"),
        "PERSON_ERASE": _("Customer's data erased"),
        "UNIT_NOTE": _("Number of the unit noted"),
        "UNIT_REMOVE": _("Number of the unit removed"),
        "MERCHANT_CHANGE": _("Merchant's settings changed"),
        "EFFECT_PLANNED": _("Will be tried again"),
        "EFFECT_DONE": _("Done outside"),
        "EFFECT_UNKNOWN": _("Outcome outside unknown; being looked for"),
        "EFFECT_REFUSED": _("Refused by the other system"),
        "EFFECT_MISCONFIGURED": _("Waits for a connection to be mended"),
        "EFFECT_NOT_CONNECTED": _("No such system connected; done by hand"),
        "EFFECT_BY_HAND": _("Done by hand"),
        "EFFECT_CANCELLED": _("No longer wanted"),
        "RULE_ADD": _("Own rule added"),
        "RULE_END": _("Own rule ended"),
        "RULE_WITHDRAW": _("Own rule withdrawn"),
        "DAY_SET": _("Day set in the calendar"),
        "DAY_REMOVE": _("Day removed from the calendar"),
        "GOODS_GROUP_REVIEW": _("Category reviewed"),
        "STORE_CREATE": _("Store made"),
        "STORE_CHANGE": _("Store changed"),
        "COMPANION_PAIR": _("Companion paired"),
        "COMPANION_END": _("Companion switched off"),
        "CABINET_SESSION": _("Whether the cabinet can be read has changed"),
        "CABINET_DETAILS": _("Requests whose details the cabinet does not show have changed"),
        "CABINET_WATCH": _("Alarm about an unread cabinet changed"),
        "CONTROL_RECOUNT": _("Control date counted anew: a calendar or term was changed"),
    }
)
"""Acts of the journal that are no steps of the procedure."""

SILENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        dates.Silence.ACCEPTED_FOR_REVIEW.value: _(
            "The marketplace has presumably accepted the request by itself."
        ),
        dates.Silence.REFUNDED.value: _("The marketplace has presumably returned the money."),
        dates.Silence.DECIDED_WITHOUT_SELLER.value: _(
            "The marketplace has presumably decided without the seller."
        ),
    }
)
"""What silence past a control date has presumably come to at the marketplace."""

RULE_PLACES: Final = (
    _("274-IV, art. 30 (14)"),
    _("274-IV, art. 15, 30"),
    _("274-IV, art. 30 (2026)"),
    _("Kaspi guide, client q16178"),
    _("Kaspi order manual, 9-12"),
)
"""Where the rules that hold from the start are written."""

_GUARD: Final = "GUARD_"
_NOT_DONE: Final = "not done: "
OWN_PLACE: Final = "own rule"  # the place of a merchant's rule: it stands nowhere else

_MARKS: Final[Mapping[str, str]] = MappingProxyType(
    {"unused": _("look"), "complete": _("completeness")}
)
_REPORTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "WITHIN_DAY": _("reported within a day"),
        "WITHIN_TWO_DAYS": _("reported within two days"),
        "LATER": _("reported after two days"),
        "UNKNOWN": _("it is not known when it was reported"),
    }
)


def _words(kind: type[Enum]) -> Callable[[Any], str]:
    return lambda listed: ", ".join(str(word_for(kind(each))) for each in str(listed).split(","))


def _sayings(sayings: Mapping[str, str]) -> Callable[[Any], str]:
    return lambda listed: ", ".join(
        _now(sayings[each]) if each in sayings else each for each in str(listed).split(",")
    )


def _sum(minor: int) -> str:
    return format_minor(minor, Currency.KZT)


def _day(iso: str) -> str:
    return formats.date_format(date.fromisoformat(iso), "SHORT_DATE_FORMAT")


_FACTS: Final[Mapping[str, Callable[[Any], str]]] = MappingProxyType(
    {
        "act": _words(Act),
        "stage": _words(Stage),
        "role": _words(Role),
        "missing": _words(EvidenceKind),
        "reason": _words(RefusalReason),
        "reasons": _words(RefusalReason),
        "group": _words(GoodsGroup),
        "marks": _sayings(_MARKS),
        "reported": _sayings(_REPORTED),
        "last_day": _day,
        "limit_minor": _sum,
        "amount_minor": _sum,
    }
)
"""How a fact of a given name is said; the others are said as they are."""


def _worded(sayings: Mapping[str, str], code: str, params: Mapping[str, str | int]) -> str:
    """Say a code with its facts; a code nobody has worded yet is shown itself, which is better than nothing."""
    if code not in sayings:
        return code
    facts = {name: _FACTS.get(name, str)(value) for name, value in params.items()}
    return _now(sayings[code]) % facts


def blocked_sentence(blocked: Blocked) -> str:
    """Say why an act may not be done now."""
    return _worded(BLOCKED, blocked.code, blocked.params)


def bad_case_sentence(bad: BadCase) -> str:
    """Say why what was entered cannot become a case."""
    return _worded(BAD_CASES, bad.code, bad.params)


def ground_sentence(ground: Ground) -> str:
    """Say what the policy found; sums are in tenge, the currency of its rules."""
    return _worded(GROUNDS, ground.code, ground.params)


def source_sentence(source: RuleSource) -> str:
    """Say who rules so and where it stands: `Law 274-IV, art. 30 (14)`."""
    if source.place == OWN_PLACE:
        return str(SOURCE_KINDS[source.kind])
    return f"{SOURCE_KINDS[source.kind]} {_now(source.place)}"


def rule_refusal_sentence(refusal: Refusal) -> str:
    """Say why a merchant's own rule is not followed."""
    return _worded(RULE_REFUSALS, refusal.code, refusal.params)


def will_do_sentence(effect: Effect) -> str:
    """Say what pressing a button sets in motion."""
    return _now(WILL_DO[effect])


def act_label(act: Act) -> str:
    """Return the text of an act's button."""
    return str(ACTS[act])


def control_rule_label(rule: str) -> str:
    """Say why a control date stands where it stands; nothing for a closed case."""
    return str(word_for(ControlRule(rule))) if rule else ""


def control_source_sentence(source: str) -> str:
    """Say where a control date comes from; a source nobody has worded is shown itself."""
    return _now(CONTROL_SOURCES[source]) if source in CONTROL_SOURCES else source


def journal_act_label(act: str) -> str:
    """Say what a journal line tells of: a step of the procedure, a note, or the deadline guard's deed."""
    if act in Act.__members__:
        return act_label(Act(act))
    if act.startswith(_GUARD) and act.removeprefix(_GUARD) in GuardAction.__members__:
        return str(DEEDS[GuardAction(act.removeprefix(_GUARD))])
    return _now(JOURNAL_ACTS[act]) if act in JOURNAL_ACTS else act


def guard_note(why: str) -> str:
    """Put what the deadline guard wrote down (`ESCALATE; before=14400; to=SENIOR`) into sentences.

    Parts it does not know stay as they are, so that nothing written down is hidden.
    """
    return " ".join(filter(None, (_guard_part(part) for part in why.split("; "))))


def _guard_part(part: str) -> str:
    name, _sign, value = part.partition("=")
    if part in GuardAction.__members__:
        return f"{DEEDS[GuardAction(part)]}."
    if part.startswith(_NOT_DONE):
        why = _worded(BLOCKED, part.removeprefix(_NOT_DONE), {})
        return _now("Not done: %(why)s") % {"why": why}
    if name == "marketplace":
        return _now(SILENCES[value]) if value in SILENCES else part
    if name in _GUARD_PARTS:
        form, wording = _GUARD_PARTS[name]
        return _now(form) % {"said": wording(value)}
    return part


def _skipped(text: str) -> str:
    deed, _at, before = text.partition("@")
    wording = str(DEEDS[GuardAction(deed)]) if deed in GuardAction.__members__ else deed
    if not before:
        return wording
    return _now("%(said)s (%(hours)s h)") % {"said": wording, "hours": _hours(before)}


def _hours(seconds: str) -> str:
    hours = Decimal(seconds) / 3600
    return f"{hours:.1f}".removesuffix(".0")


_GUARD_PARTS: Final[Mapping[str, tuple[str, Callable[[str], str]]]] = MappingProxyType(
    {
        "before": (_("%(said)s h before the control date."), _hours),
        "to": (_("Told: %(said)s."), _words(Role)),
        "skipped": (
            _("The program was off or told too late: %(said)s."),
            lambda listed: ", ".join(_skipped(each) for each in listed.split(",")),
        ),
    }
)
