"""The procedure told as stories, and what must hold on any walk through it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qaitar.kernel.approvals import Purpose
from qaitar.kernel.roles import Role
from qaitar.returns.rules.procedure import (
    APPROVAL_AFTER,
    Advanced,
    Blocked,
    Facts,
    advance,
    allowed_acts,
    effects_of_new_evidence,
    recommended,
    refusal_reasons,
)
from qaitar.returns.texts.procedure_page import main as print_page
from qaitar.returns.texts.procedure_page import page
from qaitar.returns.vocabulary import (
    Act,
    Effect,
    EvidenceKind,
    Outcome,
    Quality,
    RefusalReason,
    Stage,
)

S, A, E, K, R = Stage, Act, Effect, EvidenceKind, RefusalReason

PHOTOS = frozenset({K.PHOTO_GOODS, K.PHOTO_PACKAGING})
ACTS = frozenset({K.IRREPARABILITY_ACT, K.TECHNICAL_ACT})
PROPER = Facts(quality=Quality.PROPER, missing_evidence=PHOTOS)
PHOTOGRAPHED = Facts(quality=Quality.PROPER, evidence=PHOTOS, customer_contacted=True)
DEFECTIVE = Facts(quality=Quality.DEFECTIVE, missing_evidence=ACTS)
DAMAGED = Facts(quality=Quality.MECHANICAL_DAMAGE, damage_reported="WITHIN_DAY")
DAMAGED_LATE = replace(DAMAGED, damage_reported="LATER")
SILENT = Facts(quality=Quality.PROPER, customer_contacted=True, missing_evidence=PHOTOS)


@dataclass
class Case:
    """A request walked by hand: each `does` has to be the step the operator's document says."""

    facts: Facts
    stage: Stage = S.NEW
    outcome: Outcome = Outcome.NONE
    presses: int = 0
    requested: frozenset[Purpose] = frozenset()

    def learn(self, **facts: object) -> None:
        self.facts = replace(self.facts, **facts)

    def does(self, role: Role, act: Act, number: str) -> tuple[Effect, ...]:
        answer = advance(self.stage, act, self.facts, role)
        assert isinstance(answer, Advanced), answer
        assert answer.step.number == number
        self.stage, self.outcome = answer.step.to, answer.step.outcome
        self.presses += role is not Role.SYSTEM
        if act is A.SEND_FOR_APPROVAL:
            self.requested = self.facts.approvals_to_ask
        if act is A.APPROVE:
            self.learn(approved=self.facts.approved | self.requested)
        if act in APPROVAL_AFTER:
            self.learn(approval=APPROVAL_AFTER[act])
        return answer.effects


AIGERIM, DAULET, PROGRAM = Role.OPERATOR, Role.SENIOR, Role.SYSTEM


def test_good_quality_takes_at_most_four_presses():
    case = Case(PROPER)
    assert recommended(case.stage, case.facts) is A.ASK_CUSTOMER
    assert case.does(AIGERIM, A.ASK_CUSTOMER, "1-2") == (E.OPEN_TICKET, E.WRITE_REGISTER)
    case.learn(customer_contacted=True)
    assert recommended(case.stage, case.facts) is None
    case.learn(customer_answered=True, evidence=PHOTOS, missing_evidence=frozenset())
    assert recommended(case.stage, case.facts) is A.TAKE_FOR_INSPECTION
    assert case.does(AIGERIM, A.TAKE_FOR_INSPECTION, "3b-6") == (
        E.PRESS_TAKE,
        E.CREATE_RETURN_ORDER,
        E.ATTACH_EVIDENCE,
        E.WRITE_REGISTER,
        E.TICKET_COMMENT,
    )
    assert recommended(case.stage, case.facts) is None
    assert case.does(Role.CLERK, A.NOTE_ARRIVAL, "7") == (E.WRITE_REGISTER,)
    assert recommended(case.stage, case.facts) is A.GRANT_REFUND
    assert case.does(AIGERIM, A.GRANT_REFUND, "8") == (E.PRESS_GRANT, E.WRITE_REGISTER)
    assert case.does(PROGRAM, A.NOTE_REFUND_DONE, "9") == (E.WRITE_REGISTER, E.TICKET_COMMENT)
    assert (case.stage, case.outcome, case.presses) == (S.CLOSED, Outcome.REFUNDED, 4)


def test_photos_attached_at_once_are_accepted_straight_from_new_without_a_ticket():
    case = Case(replace(PHOTOGRAPHED, customer_contacted=False))
    assert recommended(case.stage, case.facts) is A.TAKE_FOR_INSPECTION
    effects = case.does(AIGERIM, A.TAKE_FOR_INSPECTION, "3b-6")
    assert E.WRITE_REGISTER in effects
    assert E.TICKET_COMMENT not in effects


def test_defect_is_sent_for_the_act_refused_and_filed_again():
    first = Case(DEFECTIVE)
    first.does(AIGERIM, A.ASK_CUSTOMER, "1-2")
    first.learn(customer_contacted=True, sent_to_service_centre=True)
    assert recommended(first.stage, first.facts) is A.REFUSE
    first.learn(refusal_reason=R.SENT_FOR_ACT)
    effects = first.does(AIGERIM, A.REFUSE, "3a")
    assert effects == (E.PRESS_REFUSE, E.WRITE_REGISTER, E.TICKET_COMMENT)
    first.learn(newer_attempt_exists=True)
    first.does(PROGRAM, A.CLOSE_REFUSED, "9a")
    assert first.outcome is Outcome.REFUSED

    again = Case(
        replace(
            DEFECTIVE,
            attempt=2,
            evidence=frozenset({K.IRREPARABILITY_ACT}),
            missing_evidence=frozenset({K.TECHNICAL_ACT}),
        )
    )
    assert recommended(again.stage, again.facts) is A.TAKE_FOR_INSPECTION
    assert E.ASK_SERVICE_CENTRE in again.does(AIGERIM, A.TAKE_FOR_INSPECTION, "3b-6")
    assert effects_of_new_evidence(again.stage) == (E.ATTACH_EVIDENCE,)
    again.does(PROGRAM, A.NOTE_ARRIVAL, "7")
    assert recommended(again.stage, again.facts) is None
    again.learn(evidence=ACTS, missing_evidence=frozenset(), technical_act_confirmed=True)
    again.does(AIGERIM, A.GRANT_REFUND, "8")
    again.does(Role.ACCOUNTANT, A.NOTE_REFUND_DONE, "9")
    assert again.outcome is Outcome.REFUNDED


def test_damage_within_a_day_is_approved_by_a_senior():
    case = Case(DAMAGED)
    assert recommended(case.stage, case.facts) is A.SEND_FOR_APPROVAL
    case.does(AIGERIM, A.SEND_FOR_APPROVAL, "1x")
    case.does(DAULET, A.APPROVE, "1x")
    assert recommended(case.stage, case.facts) is A.TAKE_FOR_INSPECTION
    case.does(AIGERIM, A.TAKE_FOR_INSPECTION, "3b-6")
    assert case.stage is S.IN_DELIVERY


def test_damage_after_two_days_waits_for_the_act_and_is_else_refused():
    case = Case(DAMAGED_LATE)
    assert recommended(case.stage, case.facts) is A.ASK_CUSTOMER
    case.does(AIGERIM, A.ASK_CUSTOMER, "1-2")
    case.learn(customer_contacted=True)
    case.does(AIGERIM, A.SEND_FOR_APPROVAL, "1x")
    blocked = advance(case.stage, A.APPROVE, case.facts, DAULET)
    assert blocked == Blocked("TECHNICAL_ACT_FIRST", {}, "1x")
    case.does(DAULET, A.DECLINE, "1x")
    assert recommended(case.stage, case.facts) is A.REFUSE
    case.learn(refusal_reason=R.DAMAGE_BY_CUSTOMER)
    case.does(AIGERIM, A.REFUSE, "3a")
    assert case.stage is S.REFUSED


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        (A.NOTE_DISPUTE_WON, Outcome.DISPUTE_WON),
        (A.NOTE_DISPUTE_LOST, Outcome.DISPUTE_LOST),
        (A.NOTE_WITHDRAWN, Outcome.WITHDRAWN),
    ],
)
def test_a_refused_request_is_disputed_and_decided(act: Act, outcome: Outcome):
    case = Case(replace(SILENT, evidence=PHOTOS), stage=S.REFUSED)
    case.does(PROGRAM, A.NOTE_DISPUTE, "D")
    assert recommended(case.stage, case.facts) is A.SEND_DISPUTE_EVIDENCE
    case.does(AIGERIM, A.SEND_DISPUTE_EVIDENCE, "D1")
    case.learn(dispute_evidence_sent=True)
    assert recommended(case.stage, case.facts) is None
    case.does(PROGRAM, act, "W" if act is A.NOTE_WITHDRAWN else "D3")
    assert (case.stage, case.outcome) == (S.CLOSED, outcome)


def test_a_dispute_may_be_conceded_by_a_senior():
    case = Case(SILENT, stage=S.DISPUTED)
    case.does(DAULET, A.GRANT_REFUND, "D2")
    case.does(PROGRAM, A.NOTE_REFUND_DONE, "9")
    assert case.outcome is Outcome.REFUNDED


def test_a_quality_check_act_reopens_a_refused_request():
    facts = replace(DEFECTIVE, evidence=frozenset({K.QUALITY_CHECK_ACT}), customer_contacted=True)
    case = Case(facts, stage=S.REFUSED)
    assert recommended(case.stage, case.facts) is A.ASK_TO_REOPEN
    assert case.does(AIGERIM, A.ASK_TO_REOPEN, "D4") == (E.ASK_REOPEN, E.WRITE_REGISTER)
    case.learn(reopen_awaited=True)
    assert recommended(case.stage, case.facts) is None
    case.does(PROGRAM, A.NOTE_REOPENED, "D5")
    assert case.stage is S.NEW


def test_other_goods_came_back():
    case = Case(replace(PHOTOGRAPHED, goods_checked="DIFFERENT"), stage=S.ARRIVED)
    assert recommended(case.stage, case.facts) is A.REFUSE
    case.learn(refusal_reason=R.DIFFERENT_GOODS_CAME)
    case.does(AIGERIM, A.REFUSE, "8a")
    assert case.stage is S.REFUSED


def test_goods_never_arrive_and_the_overdue_parcel_is_displayed_first():
    case = Case(replace(PHOTOGRAPHED, control_due_passed=True), stage=S.IN_DELIVERY)
    assert recommended(case.stage, case.facts) is A.NOTE_ARRIVAL
    case.does(AIGERIM, A.NOTE_NEVER_ARRIVED, "7x")
    assert case.outcome is Outcome.NEVER_ARRIVED


def test_silence_accepts_even_a_refusal_that_nobody_pressed():
    case = Case(replace(SILENT, awaiting_proof=True, control_due_passed=True), stage=S.REFUSED)
    assert E.CREATE_RETURN_ORDER in case.does(PROGRAM, A.NOTE_ACCEPTED, "3c")
    assert case.stage is S.IN_DELIVERY


def test_sum_above_the_limit_is_approved_at_the_last_moment_too():
    case = Case(replace(PHOTOGRAPHED, approval_needed=True), stage=S.ARRIVED)
    assert recommended(case.stage, case.facts) is A.SEND_FOR_APPROVAL
    case.does(AIGERIM, A.SEND_FOR_APPROVAL, "8x")
    assert recommended(case.stage, case.facts) is None
    case.does(DAULET, A.APPROVE, "8x")
    assert recommended(case.stage, case.facts) is A.GRANT_REFUND


# --- buttons and any walk -----------------------------------------------------------------------------------------


def test_buttons_the_recommended_first_then_the_possible_then_the_greyed():
    offers = allowed_acts(S.WAITING_CUSTOMER, replace(SILENT, near_control=True), Role.OPERATOR)
    assert offers[0].act is A.REFUSE
    assert isinstance(offers[0].answer, Advanced)
    greyed = [isinstance(o.answer, Blocked) for o in offers]
    assert greyed == sorted(greyed)
    by_act = {o.act: o.answer for o in offers}
    missing = "PHOTO_GOODS,PHOTO_PACKAGING"
    assert by_act[A.TAKE_FOR_INSPECTION] == Blocked(
        "EVIDENCE_MISSING", {"missing": missing}, "3b-6"
    )
    assert allowed_acts(S.CLOSED, SILENT, Role.OWNER) == ()


def some(kind: type) -> st.SearchStrategy[frozenset]:
    return st.frozensets(st.sampled_from(list(kind)), max_size=4)


FACTS = st.builds(
    Facts,
    quality=st.sampled_from(Quality),
    customer_contacted=st.booleans(),
    customer_answered=st.booleans(),
    sent_to_service_centre=st.booleans(),
    evidence=some(EvidenceKind),
    missing_evidence=some(EvidenceKind),
    technical_act_confirmed=st.booleans(),
    approval=st.sampled_from(["NONE", "REQUESTED", "GIVEN", "DECLINED"]),
    approved=some(Purpose),
    approval_outdated=st.booleans(),
    approval_needed=st.booleans(),
    requested_by_me=st.booleans(),
    damage_reported=st.sampled_from(["WITHIN_DAY", "WITHIN_TWO_DAYS", "LATER", "UNKNOWN"]),
    near_control=st.booleans(),
    control_due_passed=st.booleans(),
    awaiting_proof=st.booleans(),
    refusal_reason=st.none() | st.sampled_from(RefusalReason),
    policy_allows_take=st.booleans(),
    policy_refusal_reasons=some(RefusalReason),
    marketplace_shows_refused=st.booleans(),
    goods_handed_over=st.booleans(),
    goods_checked=st.sampled_from(["UNCHECKED", "SAME", "DIFFERENT"]),
    dispute_evidence_sent=st.booleans(),
    reopen_awaited=st.booleans(),
    now_after_refile_window=st.booleans(),
    newer_attempt_exists=st.booleans(),
)
MOVES = st.lists(
    st.tuples(st.sampled_from(Act), FACTS, st.sampled_from(Role)), min_size=1, max_size=30
)


@settings(max_examples=200)
@given(MOVES)
def test_any_walk_keeps_the_invariants(moves):
    stage, outcome, been = S.NEW, Outcome.NONE, [S.NEW]
    for act, facts, role in moves:
        answer = advance(stage, act, facts, role)
        if isinstance(answer, Blocked):
            assert answer.code
            continue
        assert stage is not S.CLOSED, "closed is the end"
        assert role is not Role.VIEWER
        stage, outcome = answer.step.to, answer.step.outcome
        assert set(answer.effects) <= set(answer.step.then)
        if stage is S.REFUND_GRANTED:
            assert been[-1] in {S.ARRIVED, S.DISPUTED}
        if outcome is Outcome.REFUNDED:
            assert been[-1] is S.REFUND_GRANTED
        been.append(stage)
        assert (outcome is Outcome.NONE) == (stage is not S.CLOSED)


@settings(max_examples=200)
@given(st.sampled_from(Stage), FACTS)
def test_what_is_recommended_can_be_done_and_stands_first(stage, facts):
    chosen = replace(facts, refusal_reason=None)
    best = recommended(stage, chosen)
    offers = allowed_acts(stage, chosen, Role.SENIOR)
    if best is not None:
        assert offers[0].act is best
        assert isinstance(offers[0].answer, Advanced)
    for reason in refusal_reasons(stage, chosen):
        reported = replace(chosen, refusal_reason=reason)
        assert isinstance(advance(stage, A.REFUSE, reported, Role.SENIOR), Advanced)


def test_the_page_is_up_to_date():
    stored = Path(__file__).parents[2] / "docs" / "procedure.md"
    assert stored.read_text(encoding="utf-8") == page(), "renew it: see the head of the page"


def test_the_page_prints():
    printed: list[str] = []
    print_page(printed.append)
    assert printed == [page()]
