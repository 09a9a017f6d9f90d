"""Turns a loaded case into what the pure rules look at: facts, clock, verdict.  No reads, no writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from qaitar.contracts.marketplace import Section
from qaitar.kernel.zones import local_date
from qaitar.returns.deadlines.calendars import (
    answer_time,
    clock_settings,
    guard_settings,
    store_calendar,
)
from qaitar.returns.deadlines.control_dates import (
    ArrivalPlace,
    ClockFacts,
    ControlDate,
    next_control_date,
)
from qaitar.returns.deadlines.deadline_guard import GuardDone, guard_verdict
from qaitar.returns.mirror.proofs import Ending, ending_of
from qaitar.returns.rules import dated_rules as r
from qaitar.returns.rules.case_approvals import (
    approved_purposes,
    requested_approvals,
    requested_for_other_values,
)
from qaitar.returns.rules.dated_rules import RuleCode, RuleLine, RuleSource, SourceKind
from qaitar.returns.rules.goods_groups import GoodsGroup, suggest_group
from qaitar.returns.rules.guards import Facts
from qaitar.returns.rules.policy import CaseFacts, PolicyVerdict, RuledDay, judge, rules_on
from qaitar.returns.vocabulary import ControlRule, EvidenceKind, Quality, RefusalReason, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qaitar.returns.models import ReturnRequest
    from qaitar.returns.reads.cases import Case


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A case as the rules see it at one moment."""

    facts: Facts
    verdict: PolicyVerdict
    ruled: RuledDay
    clock: ClockFacts


@lru_cache(maxsize=256)
def merchant_rules(rules_text: str) -> tuple[RuleLine, ...]:
    """Read the merchant's own rule lines as they are stored."""
    return tuple(_rule(line) for line in json.loads(rules_text))


def _rule(line: Mapping[str, Any]) -> RuleLine:
    code = RuleCode(line["key"])
    value: Any = line["value"]
    if isinstance(value, list):
        words = GoodsGroup if code is RuleCode.NOT_RETURNABLE_GROUPS else EvidenceKind
        value = frozenset(words(each) for each in value)
    until = date.fromisoformat(line["to"]) if line["to"] else None
    source = RuleSource(SourceKind.MERCHANT, "own rule")
    return RuleLine(code, value, source, date.fromisoformat(line["from"]), until)


@lru_cache(maxsize=1024)
def ruled_day(rules_text: str, day: date) -> RuledDay:
    """Return the rules in force for a merchant on a day."""
    return rules_on(r.DEFAULTS, merchant_rules(rules_text), day)


def clock_of(request: ReturnRequest, store_text: str, days_text: str) -> ClockFacts:
    """Gather what a request's control date depends on."""
    return ClockFacts(
        stage=Stage(request.stage),
        filed_at=request.filed_at,
        stage_since=request.stage_since,
        calendar=store_calendar(store_text, days_text),
        marketplace_due_at=request.marketplace_due_at,
        due_section=Section(request.marketplace_due_section)
        if request.marketplace_due_section
        else None,
        arrived_at=request.arrived_at,
        arrived_where=ArrivalPlace(request.arrived_where) if request.arrived_where else None,
        refused_at=request.refused_at,
        disputed_at=request.disputed_at,
        planned_arrival_on=request.planned_arrival_on,
        awaiting_proof_since=request.pending_since if request.pending_press else None,
        settings=clock_settings(store_text),
    )


def _group(case: Case) -> tuple[GoodsGroup | None, bool]:
    if case.group_reviewed:
        return (GoodsGroup(case.group) if case.group else None), True
    suggested = suggest_group(case.request.category_title) if case.request.category_title else None
    return (suggested.group if suggested else None), False


def _case_facts(case: Case, clock: ClockFacts) -> CaseFacts:
    request, inspection = case.request, case.request.inspection
    where = clock.calendar.zone
    group, reviewed = _group(case)
    until = inspection.get("warranty_until")
    return CaseFacts(
        quality=Quality(request.quality),
        filed_on=local_date(request.filed_at, where),
        attempt=case.times_filed,
        more_than_sold=_more_than_sold(case),
        received_on=request.received_on,
        warranty_until=date.fromisoformat(until) if until else None,
        group=group,
        group_reviewed=reviewed,
        amount_minor=_highest_amount(request),
        amount_by_hand=request.amount_by_hand,
        unused=inspection.get("unused"),
        complete=inspection.get("complete"),
        packaging=inspection.get("packaging"),
        defect_confirmed=inspection.get("defect_confirmed"),
        reason_untrue=bool(inspection.get("reason_untrue")),
        unit=inspection.get("unit", "UNKNOWN"),
        evidence=frozenset(e.kind for e in case.evidence),
        technical_act_confirmed=_act_confirmed(case),
    )


def _more_than_sold(case: Case) -> dict[str, str]:
    """Give the facts of a sentence that more would come back than was sold; empty while it would not."""
    found = case.too_much
    if found is None:
        return {}
    if case.sold is None:
        return {"numbers": ", ".join(found.numbers)}
    return {
        "numbers": ", ".join(found.numbers),
        "back": f"{Decimal(found.quantity_milli) / 1000:f}",
        "sold": f"{Decimal(found.sold_milli) / 1000:f}",
    }


def _act_confirmed(case: Case) -> bool:
    return any(
        e.kind is EvidenceKind.TECHNICAL_ACT and e.signature and e.stamp for e in case.evidence
    )


def evaluate_case(
    case: Case, now: datetime, *, actor_id: int | None = None, reason: RefusalReason | None = None
) -> Evaluation:
    """Look at a case the way the policy and the procedure do, at `now`, for one actor and a chosen refusal reason."""
    request = case.request
    clock = clock_of(request, case.store_text, case.days_text)
    ruled = ruled_day(case.rules_text, local_date(request.filed_at, clock.calendar.zone))
    verdict = judge(_case_facts(case, clock), ruled.rules)
    control_at = request.control_at
    over = control_at is not None and now > control_at
    window_over = (
        request.stage == Stage.REFUSED
        and over
        and request.control_rule == ControlRule.REFILE_WINDOW
    )
    facts = Facts(
        quality=Quality(request.quality),
        attempt=case.times_filed,
        more_than_sold=_more_than_sold(case).get("numbers", "") if case.sold else "",
        customer_contacted=request.customer_contacted,
        customer_answered=request.customer_answered,
        sent_to_service_centre=request.sent_to_service_centre,
        evidence=frozenset(e.kind for e in case.evidence),
        missing_evidence=verdict.missing,
        technical_act_confirmed=_act_confirmed(case),
        approval=request.approval,  # type: ignore[arg-type]  # written from the same Literal only
        approved=approved_purposes(case),
        approval_outdated=requested_for_other_values(case),
        approval_needed=verdict.sum_approval_needed,
        requested_by_me=actor_id is not None and actor_id in _askers(case),
        deputy_of=_deputy_of(case, actor_id, local_date(now, clock.calendar.zone)),
        damage_reported=verdict.damage_reported,
        near_control=control_at is not None and now >= control_at - answer_time(case.store_text),
        control_due_passed=over,
        awaiting_proof=bool(request.pending_press),
        refusal_reason=reason,
        policy_allows_take=verdict.allows_take,
        policy_refusal_reasons=verdict.refusal_reasons,
        marketplace_shows_refused=_shows_refused(request),
        goods_handed_over=request.goods_handed_over,
        goods_checked=request.goods_checked,  # type: ignore[arg-type]  # written from the same Literal only
        dispute_evidence_sent=request.dispute_evidence_sent,
        reopen_awaited=request.reopening_requested_at is not None and not over,
        now_after_refile_window=window_over,
        newer_attempt_exists=case.newer_attempt,
    )
    return Evaluation(facts, verdict, ruled, clock)


def _askers(case: Case) -> set[int]:
    ids = {
        case.request.approval_requested_by_id,
        *(a.requested_by_id for a in requested_approvals(case)),
    }
    return {each for each in ids if each is not None}


def _deputy_of(case: Case, actor_id: int | None, today: date) -> str:
    """Name the approver in whose place a person may decide today; nobody decides in place of who asked."""
    askers = _askers(case)
    for each in case.deputies:
        may = each.deputy_id == actor_id and each.approver_id not in askers
        if may and each.starts_on <= today <= each.ends_on:
            return each.approver_name
    return ""


def _highest_amount(request: ReturnRequest) -> int | None:
    """Return the sum an approval is judged by: lowering it by hand does not do away with the approval."""
    if request.amount_minor is None or request.amount_peak_minor is None:
        return request.amount_minor
    return max(request.amount_minor, request.amount_peak_minor)


def _shows_refused(request: ReturnRequest) -> bool:
    """Tell whether the mirror shows this request closed by a refusal, by a detail or by the list's words alone."""
    reject = request.mirror.get("reject") or ""
    refused = ending_of(request.section, request.status_text, reject) is Ending.REFUSED
    return refused or (request.section == Section.CLOSED and bool(request.mirror.get("refused")))


def done_of(request: ReturnRequest) -> GuardDone:
    """Read what the guard has already raised for the present control date."""
    sent = request.alerts_sent or {}
    missed = sent.get("missed_at")
    return GuardDone(
        rungs=frozenset(timedelta(seconds=s) for s in sent.get("rungs", [])),
        acted=bool(sent.get("acted")),
        missed_at=datetime.fromisoformat(missed) if missed else None,
    )


def done_text(done: GuardDone) -> dict[str, Any]:
    """Write it back."""
    return {
        "rungs": sorted(int(rung.total_seconds()) for rung in done.rungs),
        "acted": done.acted,
        "missed_at": done.missed_at.isoformat() if done.missed_at else None,
    }


def first_look(
    control: ControlDate | None, clock: ClockFacts, store_text: str, now: datetime
) -> datetime | None:
    """Return when the deadline guard has to look at a fresh control date: at once, where a rung is reached already."""
    if control is None:
        return None
    verdict = guard_verdict(clock, control, guard_settings(store_text), GuardDone(), now)
    return now if verdict.deed.value != "NOTHING" else verdict.wake_at


def control_values(
    request: ReturnRequest, case_texts: tuple[str, str], now: datetime
) -> dict[str, Any]:
    """Return the control date columns a request must have after its other columns changed.

    A control date that did not move keeps what the guard has already raised about it.
    """
    store_text, days_text = case_texts
    clock = clock_of(request, store_text, days_text)
    control = next_control_date(clock)
    if control is None:
        return {
            "control_at": None,
            "control_rule": "",
            "control_source": "",
            "guard_next_at": None,
            "alerts_sent": {},
            "alert_level": "",
        }
    same = (
        request.control_at == control.due
        and request.control_rule == control.rule
        and request.guard_next_at is not None
    )
    arguments: dict[str, Any] = {
        "guard_next_at": request.guard_next_at,
        "alerts_sent": request.alerts_sent,
        "alert_level": request.alert_level,
    }
    fresh: dict[str, Any] = {
        "guard_next_at": None if same else first_look(control, clock, store_text, now),
        "alerts_sent": {},
        "alert_level": "",
    }
    return {
        "control_at": control.due,
        "control_rule": control.rule.value,
        "control_source": control.source,
        **(arguments if same else fresh),
    }
