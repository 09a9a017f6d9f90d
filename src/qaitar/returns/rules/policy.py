"""What may be done with a return request, and why: law first, then marketplace, then the merchant's own rules.  Pure.

A verdict advises; the procedure's guards use its parts (`missing`, `approval_needed`, `refusal_reasons`,
`allows_take`), and the case card shows its grounds in words with their sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import IntEnum
from typing import Literal

from qaitar.kernel.refusal import Refusal
from qaitar.kernel.roles import SENIORS, Role
from qaitar.returns.rules import dated_rules as r
from qaitar.returns.rules.dated_rules import (
    LATITUDE,
    Latitude,
    RuleCode,
    RuleLine,
    Rules,
    RuleSource,
)
from qaitar.returns.rules.goods_groups import GoodsGroup
from qaitar.returns.rules.guards import DamageReported
from qaitar.returns.vocabulary import EvidenceKind, Quality, RefusalReason

UnitMatch = Literal["UNKNOWN", "SAME", "DIFFERENT"]
"""Whether the serial, IMEI or marking code seen on the photos is the one sold."""


class PolicyAnswer(IntEnum):
    """What the policy advises; of several grounds the greatest wins."""

    ALLOWED = 1  # conditions of return are met
    MUST_TAKE_FOR_CHECK = 2  # the goods have to be taken and looked at
    UNSURE = 3  # something has to be learnt first
    NEEDS_APPROVAL = 4  # a senior has to say yes
    REFUSABLE = 5  # there is a true ground for refusal


@dataclass(frozen=True, slots=True)
class Ground:
    """One finding: a stable code with facts for the sentence, who says so, and where it leads."""

    code: str
    source: RuleSource
    leads_to: PolicyAnswer
    params: dict[str, str | int] = field(default_factory=dict)
    refusal: RefusalReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """What the policy looks at.  Days are local days of the merchant; None means nobody knows yet."""

    quality: Quality
    filed_on: date
    attempt: int = 1
    """Which filing of its item this is: a second item of the order is a first filing of its own."""
    more_than_sold: Mapping[str, str] = field(default_factory=dict)
    """Facts of the sentence that more would come back than was sold, without `sold` where that is not known; else empty."""
    received_on: date | None = None
    warranty_until: date | None = None
    group: GoodsGroup | None = None
    group_reviewed: bool = False
    """A person has reviewed the mapping of this category; a bare suggestion grounds nothing."""
    amount_minor: int | None = None
    amount_by_hand: bool = False
    """A person entered the amount, and neither the order nor the marketplace tells one."""
    unused: bool | None = None
    """Look and consumer properties kept."""
    complete: bool | None = None
    """Nothing missing, seals and labels kept."""
    packaging: bool | None = None
    defect_confirmed: bool | None = None
    """What the expertise or the service centre's act found."""
    reason_untrue: bool = False
    """The operator found proof that the stated reason is not true."""
    unit: UnitMatch = "UNKNOWN"
    evidence: frozenset[EvidenceKind] = frozenset()
    technical_act_confirmed: bool = False


_SUM_GROUNDS = frozenset({"SUM_UNKNOWN", "SUM_BY_HAND", "SUM_ABOVE_LIMIT"})


@dataclass(frozen=True, slots=True)
class PolicyVerdict:
    """The policy's advice with all its grounds, the weightiest first."""

    answer: PolicyAnswer
    grounds: tuple[Ground, ...]
    missing: frozenset[EvidenceKind]
    damage_reported: DamageReported
    approvers: frozenset[Role]
    """Who may give the approval; empty when none is needed."""

    @property
    def approval_needed(self) -> bool:
        """Tell whether a senior has to say yes before goods are taken or money goes back."""
        return bool(self.approvers)

    @property
    def sum_approval_needed(self) -> bool:
        """Tell whether the sum itself has to be approved: above the limit, unknown or entered by hand where there is a limit."""
        return any(ground.code in _SUM_GROUNDS for ground in self.grounds)

    @property
    def allows_take(self) -> bool:
        """Tell whether the conditions are met or the goods have to be taken for a check."""
        return self.answer in {PolicyAnswer.ALLOWED, PolicyAnswer.MUST_TAKE_FOR_CHECK}

    @property
    def refusal_reasons(self) -> frozenset[RefusalReason]:
        """Return the reasons that are true by law or rule."""
        return frozenset(g.refusal for g in self.grounds if g.refusal is not None)


# --- rules in force -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RuledDay:
    """The rules in force on a day and the merchant's lines that could not be followed, each with its why."""

    rules: Rules
    refused: tuple[Refusal, ...] = ()


def check_rule(line: RuleLine, default: RuleLine) -> Refusal | None:
    """Say why a merchant's line may not replace the default, or None when it may.

    >>> short = RuleLine(RuleCode.PROPER_WINDOW_DAYS, 7, RuleSource(r.SourceKind.MERCHANT, "own"), date(2026, 1, 1))
    >>> check_rule(short, r.DEFAULTS[0]).code
    'RULE_BELOW_LAW'
    """
    if not r.fits_kind(line.code, line.value):
        return Refusal("RULE_VALUE_UNFIT", {"rule": line.code.value})
    if line.valid_to is not None and line.valid_to < line.valid_from:
        return Refusal("RULE_DAYS_REVERSED", {"rule": line.code.value})
    params: dict[str, str | int] = {"rule": line.code.value, "source": default.source.place}
    latitude = LATITUDE[line.code]
    if latitude is Latitude.MORE:
        assert isinstance(line.value, int)
        assert isinstance(default.value, int)
        if line.value < default.value:
            limits: dict[str, str | int] = {"value": line.value, "least": default.value}
            return Refusal("RULE_BELOW_LAW", params | limits)
    if latitude is Latitude.FEWER:
        assert isinstance(line.value, frozenset)
        assert isinstance(default.value, frozenset)
        if extra := line.value - default.value:
            return Refusal("RULE_BEYOND_LAW", params | {"extra": ",".join(sorted(extra))})
    return None


def rules_on(
    defaults: Iterable[RuleLine], merchant_rules: Iterable[RuleLine], on: date
) -> RuledDay:
    """Return the rules in force on a day: of each code the latest default, then the merchant's latest lawful line.

    A merchant's line that gives the customer less than the law is not followed and comes back among `refused`.
    """
    in_force = {
        line.code: line for line in sorted(defaults, key=lambda x: x.valid_from) if line.holds(on)
    }
    merged, refused = dict(in_force), list[Refusal]()
    for line in sorted(merchant_rules, key=lambda x: x.valid_from):
        if not line.holds(on):
            continue
        no = check_rule(line, in_force[line.code])
        if no is None:
            merged[line.code] = line
        else:
            refused.append(no)
    return RuledDay(Rules(merged), tuple(refused))


# --- evidence -------------------------------------------------------------------------------------------------------

_EVIDENCE_RULE = {
    Quality.PROPER: RuleCode.EVIDENCE_PROPER,
    Quality.DEFECTIVE: RuleCode.EVIDENCE_DEFECTIVE,
    Quality.MECHANICAL_DAMAGE: RuleCode.EVIDENCE_DAMAGE,
    Quality.DIFFERENT_GOODS: RuleCode.EVIDENCE_DIFFERENT,
}


def required_evidence(
    quality: Quality, rules: Rules, attempt: int, reported: DamageReported = "UNKNOWN"
) -> frozenset[EvidenceKind]:
    """Return what the operator needs for a class of claim (step 6), before looking at what is there.

    Where the merchant takes defects without an act first, a first filing needs a photo of the defect only.  Damage
    reported after two days needs the technical act too (step 1x).
    """
    code = _EVIDENCE_RULE.get(quality)
    if code is None:
        return frozenset()
    if quality is Quality.DEFECTIVE and not rules.number(RuleCode.ACT_BEFORE_TAKING):
        return rules.kinds(code) if attempt > 1 else frozenset({EvidenceKind.PHOTO_DAMAGE})
    late = quality is Quality.MECHANICAL_DAMAGE and reported == "LATER"
    return rules.kinds(code) | ({EvidenceKind.TECHNICAL_ACT} if late else frozenset())


def missing_evidence(
    required: frozenset[EvidenceKind],
    evidence: frozenset[EvidenceKind],
    *,
    technical_act_confirmed: bool,
) -> frozenset[EvidenceKind]:
    """Return what is needed and not there.

    A technical act counts with signature and stamp only; a quality-check act (RURMA) stands in for the
    irreparability act, because the marketplace reopens a request on it.

    >>> acts = frozenset({EvidenceKind.TECHNICAL_ACT})
    >>> missing_evidence(acts, acts, technical_act_confirmed=False) == acts
    True
    """
    there = set(evidence)
    if not technical_act_confirmed:
        there.discard(EvidenceKind.TECHNICAL_ACT)
    if EvidenceKind.QUALITY_CHECK_ACT in there:
        there.add(EvidenceKind.IRREPARABILITY_ACT)
    return required - there


def damage_reported(case: CaseFacts, rules: Rules) -> DamageReported:
    """Tell which way of step 1x a case goes: within a day of receipt, after two days, or between."""
    if case.received_on is None or case.filed_on < case.received_on:
        return "UNKNOWN"
    days = (case.filed_on - case.received_on).days
    if days <= rules.number(RuleCode.DAMAGE_QUICK_DAYS):
        return "WITHIN_DAY"
    late = days > rules.number(RuleCode.DAMAGE_LATE_DAYS)
    return "LATER" if late else "WITHIN_TWO_DAYS"


# --- the verdict ----------------------------------------------------------------------------------------------------


def last_day(case: CaseFacts, rules: Rules) -> date | None:
    """Return the last day on which this claim may be filed, counted in full; None when it cannot be told.

    Good order: calendar days from hand-over.  A defect: the longer of the days from hand-over and the warranty.
    """
    if case.received_on is None:
        return None
    if case.quality is Quality.PROPER:
        return case.received_on + timedelta(days=rules.number(RuleCode.PROPER_WINDOW_DAYS))
    until = case.received_on + timedelta(days=rules.number(RuleCode.DEFECTIVE_WINDOW_DAYS))
    return until if case.warranty_until is None else max(until, case.warranty_until)


def _window(case: CaseFacts, rules: Rules) -> Ground:
    proper = case.quality is Quality.PROPER
    code = RuleCode.PROPER_WINDOW_DAYS if proper else RuleCode.DEFECTIVE_WINDOW_DAYS
    source, last = rules.source(code), last_day(case, rules)
    if last is None:
        return Ground("RECEIVED_DATE_UNKNOWN", source, PolicyAnswer.UNSURE)
    params: dict[str, str | int] = {"last_day": last.isoformat(), "days": rules.number(code)}
    if case.filed_on <= last:
        return Ground("WINDOW_OPEN", source, PolicyAnswer.ALLOWED, params)
    if not proper and case.warranty_until is None:
        return Ground("WARRANTY_UNKNOWN", r.LAW_DEFECT, PolicyAnswer.UNSURE, params)
    return Ground(
        "WINDOW_PASSED", source, PolicyAnswer.REFUSABLE, params, RefusalReason.WINDOW_PASSED
    )


def _group(case: CaseFacts, rules: Rules) -> list[Ground]:
    if case.group is None or case.group not in rules.groups():
        return []
    source = rules.source(RuleCode.NOT_RETURNABLE_GROUPS)
    params: dict[str, str | int] = {"group": case.group.value}
    if case.quality is not Quality.PROPER:
        return [Ground("GROUP_NOT_FOR_DEFECTS", source, PolicyAnswer.ALLOWED, params)]
    if not case.group_reviewed:
        return [Ground("GROUP_NOT_REVIEWED", source, PolicyAnswer.UNSURE, params)]
    refusal = RefusalReason.NOT_RETURNABLE
    return [Ground("GROUP_NOT_RETURNABLE", source, PolicyAnswer.REFUSABLE, params, refusal)]


def _marks(case: CaseFacts) -> list[Ground]:
    found: list[Ground] = []
    lost = [
        name
        for name, mark in (("unused", case.unused), ("complete", case.complete))
        if mark is False
    ]
    if lost:
        params: dict[str, str | int] = {"marks": ",".join(lost)}
        reason = RefusalReason.USED_OR_INCOMPLETE
        found.append(Ground("LOOK_NOT_KEPT", r.LAW_PROPER, PolicyAnswer.REFUSABLE, params, reason))
    elif case.unused is None or case.complete is None:
        found.append(Ground("LOOK_TO_CHECK", r.LAW_PROPER, PolicyAnswer.MUST_TAKE_FOR_CHECK))
    if case.packaging is False:
        # The article speaks of look, properties, seals and labels; a lost box alone grounds no refusal.
        found.append(Ground("PACKAGING_NOT_KEPT", r.LAW_PROPER, PolicyAnswer.MUST_TAKE_FOR_CHECK))
    return found


def _proper(case: CaseFacts, rules: Rules) -> list[Ground]:
    return [_window(case, rules), *_marks(case)]


def _defective(case: CaseFacts, rules: Rules) -> list[Ground]:
    found = [_window(case, rules)]
    if case.defect_confirmed is False:
        reason = RefusalReason.DEFECT_NOT_CONFIRMED
        code = "DEFECT_NOT_CONFIRMED"
        found.append(Ground(code, r.MARKET_CHECK, PolicyAnswer.REFUSABLE, refusal=reason))
    elif case.defect_confirmed is None:
        found.append(Ground("DEFECT_TO_CHECK", r.MARKET_CHECK, PolicyAnswer.MUST_TAKE_FOR_CHECK))
    return found


def _damaged(case: CaseFacts, rules: Rules) -> list[Ground]:
    reported = damage_reported(case, rules)
    params: dict[str, str | int] = {"reported": reported}
    found = [Ground("DAMAGE_NEEDS_APPROVAL", r.STEP_1X, PolicyAnswer.NEEDS_APPROVAL, params)]
    signed = EvidenceKind.TECHNICAL_ACT in case.evidence and case.technical_act_confirmed
    if reported == "LATER" and not signed:
        found.append(Ground("DAMAGE_ACT_FIRST", r.STEP_1X, PolicyAnswer.UNSURE))
    return found


def _different(case: CaseFacts, _: Rules) -> list[Ground]:
    if case.unit == "SAME":
        reason = RefusalReason.UNTRUE_REASON
        code = "UNIT_IS_THE_ONE_SOLD"
        return [Ground(code, r.MARKET_CHECK, PolicyAnswer.REFUSABLE, refusal=reason)]
    return [Ground("MISMATCH_TO_CHECK", r.MARKET_CHECK, PolicyAnswer.MUST_TAKE_FOR_CHECK)]


def _not_received(case: CaseFacts, _: Rules) -> list[Ground]:
    if EvidenceKind.HANDOVER_ACT in case.evidence:
        reason = RefusalReason.UNTRUE_REASON
        return [Ground("HANDOVER_PROVED", r.MARKET_CHECK, PolicyAnswer.REFUSABLE, refusal=reason)]
    return [Ground("DELIVERY_PROOF_NEEDED", r.MARKET_CHECK, PolicyAnswer.UNSURE)]


def _unknown(_: CaseFacts, __: Rules) -> list[Ground]:
    return [Ground("QUALITY_UNKNOWN", r.STEP_1, PolicyAnswer.UNSURE)]


_BY_QUALITY = {
    Quality.UNKNOWN: _unknown,
    Quality.PROPER: _proper,
    Quality.DEFECTIVE: _defective,
    Quality.MECHANICAL_DAMAGE: _damaged,
    Quality.DIFFERENT_GOODS: _different,
    Quality.NOT_RECEIVED: _not_received,
}


def _evidence(missing: frozenset[EvidenceKind], case: CaseFacts, rules: Rules) -> list[Ground]:
    if not missing:
        return []
    listed = ",".join(sorted(missing))
    code = _EVIDENCE_RULE[case.quality]
    only_technical = missing == {EvidenceKind.TECHNICAL_ACT}
    wait = case.quality is Quality.DEFECTIVE and only_technical
    answer = PolicyAnswer.MUST_TAKE_FOR_CHECK if wait else PolicyAnswer.UNSURE
    return [Ground("EVIDENCE_MISSING", rules.source(code), answer, {"missing": listed})]


def _sum(case: CaseFacts, rules: Rules) -> list[Ground]:
    limit = rules.number(RuleCode.APPROVAL_ABOVE_MINOR)
    if limit == 0:
        return []
    source = rules.source(RuleCode.APPROVAL_ABOVE_MINOR)
    params: dict[str, str | int] = {"limit_minor": limit}
    if case.amount_minor is None:
        return [Ground("SUM_UNKNOWN", source, PolicyAnswer.NEEDS_APPROVAL, params)]
    if case.amount_minor <= limit:
        by_hand = Ground("SUM_BY_HAND", source, PolicyAnswer.NEEDS_APPROVAL, params)
        return [by_hand] if case.amount_by_hand else []
    params["amount_minor"] = case.amount_minor
    return [Ground("SUM_ABOVE_LIMIT", source, PolicyAnswer.NEEDS_APPROVAL, params)]


def _whole_case(case: CaseFacts) -> list[Ground]:
    found: list[Ground] = []
    if "sold" in case.more_than_sold:
        found.append(
            Ground("MORE_THAN_SOLD", r.STEP_1, PolicyAnswer.UNSURE, dict(case.more_than_sold))
        )
    elif case.more_than_sold:
        facts: dict[str, str | int] = dict(case.more_than_sold)
        found.append(Ground("ITEM_COMES_BACK_ALREADY", r.STEP_1, PolicyAnswer.UNSURE, facts))
    if case.attempt > 1:
        params: dict[str, str | int] = {"attempt": case.attempt}
        found.append(Ground("FILED_AGAIN", r.STEP_1, PolicyAnswer.ALLOWED, params))
    if case.reason_untrue:
        reason = RefusalReason.UNTRUE_REASON
        found.append(
            Ground("REASON_UNTRUE", r.MARKET_CHECK, PolicyAnswer.REFUSABLE, refusal=reason)
        )
    if case.unit == "DIFFERENT" and case.quality is not Quality.DIFFERENT_GOODS:
        found.append(Ground("UNIT_DIFFERS", r.MARKET_CHECK, PolicyAnswer.UNSURE))
    return found


def judge(case: CaseFacts, rules: Rules) -> PolicyVerdict:
    """Return what the rules say about a case, with every ground that led there.

    >>> day = date(2026, 9, 1)
    >>> late = CaseFacts(quality=Quality.PROPER, received_on=day, filed_on=date(2026, 9, 16))
    >>> sorted(judge(late, rules_on(r.DEFAULTS, (), day).rules).refusal_reasons)
    [<RefusalReason.WINDOW_PASSED: 'WINDOW_PASSED'>]
    """
    reported = damage_reported(case, rules)
    required = required_evidence(case.quality, rules, case.attempt, reported)
    missing = missing_evidence(
        required, case.evidence, technical_act_confirmed=case.technical_act_confirmed
    )
    grounds = [
        *_BY_QUALITY[case.quality](case, rules),
        *_group(case, rules),
        *_evidence(missing, case, rules),
        *_sum(case, rules),
        *_whole_case(case),
    ]
    grounds.sort(key=lambda g: -g.leads_to)
    needs = any(g.leads_to is PolicyAnswer.NEEDS_APPROVAL for g in grounds)
    approvers = SENIORS if needs else frozenset[Role]()
    answer = grounds[0].leads_to
    return PolicyVerdict(answer, tuple(grounds), missing, reported, approvers)
