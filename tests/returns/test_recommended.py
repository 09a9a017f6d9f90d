"""What the procedure leads to at each turn, what a button says of itself, and what an act sets in motion."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qaitar.kernel.approvals import Purpose
from qaitar.kernel.roles import Role
from qaitar.returns.rules.procedure import (
    Advanced,
    Blocked,
    Facts,
    advance,
    allowed_acts,
    effects_of_new_evidence,
    recommended,
)
from qaitar.returns.vocabulary import Act, Effect, EvidenceKind, Quality, RefusalReason, Stage

S, A, E, K, R = Stage, Act, Effect, EvidenceKind, RefusalReason
ALL_EVIDENCE = frozenset(EvidenceKind)
PHOTOS = frozenset({K.PHOTO_GOODS, K.PHOTO_PACKAGING})
ACTS = frozenset({K.IRREPARABILITY_ACT, K.TECHNICAL_ACT})
PROPER = Facts(quality=Quality.PROPER, missing_evidence=PHOTOS)
PHOTOGRAPHED = Facts(quality=Quality.PROPER, evidence=PHOTOS, customer_contacted=True)
DEFECTIVE = Facts(quality=Quality.DEFECTIVE, missing_evidence=ACTS)
DAMAGED = Facts(quality=Quality.MECHANICAL_DAMAGE, damage_reported="WITHIN_DAY")
DAMAGED_LATE = replace(DAMAGED, damage_reported="LATER")
AGAINST = replace(PHOTOGRAPHED, policy_refusal_reasons=frozenset({R.WINDOW_PASSED}))
BOTH_WAYS = replace(AGAINST, policy_allows_take=True)
WAITING = replace(PHOTOGRAPHED, approval_needed=True)
STAMPED = replace(DAMAGED_LATE, evidence=ACTS, technical_act_confirmed=True)
RECOMMENDED = [
    ("nothing against it", S.NEW, PHOTOGRAPHED, A.TAKE_FOR_INSPECTION),
    ("firm ground to refuse", S.NEW, AGAINST, A.REFUSE),
    ("a ground, yet conditions met", S.NEW, BOTH_WAYS, A.TAKE_FOR_INSPECTION),
    (
        "senior said yes",
        S.NEW,
        replace(AGAINST, approval="GIVEN", approved=frozenset(Purpose)),
        A.TAKE_FOR_INSPECTION,
    ),
    ("senior said no", S.NEW, replace(BOTH_WAYS, approval="DECLINED"), A.REFUSE),
    ("nothing to take", S.NEW, Facts(quality=Quality.NOT_RECEIVED), A.ASK_CUSTOMER),
    ("senior needed", S.NEW, WAITING, A.SEND_FOR_APPROVAL),
    ("reopened while asked", S.NEW, replace(WAITING, approval="REQUESTED"), A.SEND_FOR_APPROVAL),
    ("declined, no ground", S.NEW, replace(WAITING, approval="DECLINED"), A.ASK_CUSTOMER),
    ("declined and asked", S.WAITING_CUSTOMER, replace(WAITING, approval="DECLINED"), None),
    ("late damage, no act", S.NEW, DAMAGED_LATE, A.ASK_CUSTOMER),
    (
        "late damage, act without stamp",
        S.NEW,
        replace(STAMPED, technical_act_confirmed=False),
        A.ASK_CUSTOMER,
    ),
    ("late damage, act with stamp", S.NEW, STAMPED, A.SEND_FOR_APPROVAL),
    (
        "late, and no damage",
        S.NEW,
        replace(WAITING, damage_reported="LATER"),
        A.SEND_FOR_APPROVAL,
    ),
    ("damage at once", S.NEW, DAMAGED, A.SEND_FOR_APPROVAL),
    (
        "late damage, no act, asked already",
        S.WAITING_CUSTOMER,
        replace(DAMAGED_LATE, customer_contacted=True),
        A.REFUSE,
    ),
    ("a senior thinks", S.WAITING_APPROVAL, replace(WAITING, approval="REQUESTED"), None),
    ("on its way", S.IN_DELIVERY, PHOTOGRAPHED, None),
    (
        "on its way, overdue",
        S.IN_DELIVERY,
        replace(PHOTOGRAPHED, near_control=True),
        A.NOTE_ARRIVAL,
    ),
    ("here", S.ARRIVED, PHOTOGRAPHED, A.GRANT_REFUND),
    ("here, firm ground", S.ARRIVED, AGAINST, A.REFUSE),
    ("here, yet conditions met", S.ARRIVED, BOTH_WAYS, A.GRANT_REFUND),
    (
        "here, the same goods",
        S.ARRIVED,
        replace(BOTH_WAYS, goods_checked="SAME"),
        A.GRANT_REFUND,
    ),
    (
        "here, other goods",
        S.ARRIVED,
        replace(PHOTOGRAPHED, goods_checked="DIFFERENT"),
        A.REFUSE,
    ),
    (
        "here, other goods, yes",
        S.ARRIVED,
        replace(
            PHOTOGRAPHED, goods_checked="DIFFERENT", approval="GIVEN", approved=frozenset(Purpose)
        ),
        A.GRANT_REFUND,
    ),
    ("here, senior needed", S.ARRIVED, WAITING, A.SEND_FOR_APPROVAL),
    ("here, senior thinks", S.ARRIVED, replace(WAITING, approval="REQUESTED"), None),
    ("here, senior said no", S.ARRIVED, replace(WAITING, approval="DECLINED"), None),
    ("here, said no with a ground", S.ARRIVED, replace(BOTH_WAYS, approval="DECLINED"), A.REFUSE),
    ("here, act missing", S.ARRIVED, DEFECTIVE, None),
    ("granted", S.REFUND_GRANTED, PHOTOGRAPHED, None),
    ("refused, window open", S.REFUSED, PHOTOGRAPHED, None),
    (
        "refused, window over",
        S.REFUSED,
        replace(PHOTOGRAPHED, now_after_refile_window=True),
        A.CLOSE_REFUSED,
    ),
    (
        "refused, quality-check act",
        S.REFUSED,
        Facts(evidence=ALL_EVIDENCE, now_after_refile_window=True),
        A.ASK_TO_REOPEN,
    ),
    ("disputed", S.DISPUTED, PHOTOGRAPHED, A.SEND_DISPUTE_EVIDENCE),
    ("disputed, nothing to send", S.DISPUTED, PROPER, None),
    ("disputed, sent", S.DISPUTED, replace(PHOTOGRAPHED, dispute_evidence_sent=True), None),
    ("closed", S.CLOSED, PHOTOGRAPHED, None),
]


@pytest.mark.parametrize(("why", "stage", "facts", "act"), RECOMMENDED)
def test_what_the_procedure_leads_to(why: str, stage: Stage, facts: Facts, act: Act | None):
    assert recommended(stage, facts) is act, why


def test_a_button_is_judged_by_the_weightiest_reason_unless_one_is_chosen():
    facts = replace(AGAINST, refusal_reason=R.UNTRUE_REASON)
    by_act = {o.act: o.answer for o in allowed_acts(S.NEW, facts, Role.OPERATOR)}
    assert by_act[A.REFUSE] == Blocked("REASON_NOT_GROUNDED", {"reason": "UNTRUE_REASON"}, "3a")
    assert recommended(S.NEW, facts) is A.TAKE_FOR_INSPECTION


def test_a_missing_technical_act_is_named():
    blocked = advance(S.ARRIVED, A.GRANT_REFUND, DEFECTIVE, Role.OPERATOR)
    assert blocked == Blocked("EVIDENCE_MISSING", {"missing": "TECHNICAL_ACT"}, "8")


@pytest.mark.parametrize(
    ("facts", "extra"),
    [
        (replace(PHOTOGRAPHED, customer_contacted=False), ()),
        (PHOTOGRAPHED, (E.TICKET_COMMENT,)),
    ],
)
def test_a_comment_is_written_only_where_a_ticket_is(facts: Facts, extra: tuple[Effect, ...]):
    accepted = advance(S.NEW, A.TAKE_FOR_INSPECTION, facts, Role.OPERATOR)
    assert isinstance(accepted, Advanced)
    assert accepted.effects == (
        E.PRESS_TAKE,
        E.CREATE_RETURN_ORDER,
        E.ATTACH_EVIDENCE,
        E.WRITE_REGISTER,
        *extra,
    )


def test_the_service_centre_is_requested_only_for_an_act_that_is_lacking():
    lacking = replace(DEFECTIVE, missing_evidence=frozenset({K.TECHNICAL_ACT}))
    accepted = advance(S.NEW, A.TAKE_FOR_INSPECTION, lacking, Role.OPERATOR)
    assert isinstance(accepted, Advanced)
    assert accepted.effects == (
        E.PRESS_TAKE,
        E.CREATE_RETURN_ORDER,
        E.ATTACH_EVIDENCE,
        E.ASK_SERVICE_CENTRE,
        E.WRITE_REGISTER,
    )


def test_nothing_is_known_of_a_new_request_until_somebody_says_it():
    new = Facts()
    assert new == Facts(
        quality=Quality.UNKNOWN,
        attempt=1,
        customer_contacted=False,
        customer_answered=False,
        sent_to_service_centre=False,
        technical_act_confirmed=False,
        approval="NONE",
        approval_needed=False,
        requested_by_me=False,
        damage_reported="UNKNOWN",
        near_control=False,
        control_due_passed=False,
        awaiting_proof=False,
        policy_allows_take=False,
        marketplace_shows_refused=False,
        goods_handed_over=False,
        goods_checked="UNCHECKED",
        dispute_evidence_sent=False,
        reopen_awaited=False,
        now_after_refile_window=False,
        newer_attempt_exists=False,
    )
    assert (new.lacking, new.has_technical_act, new.approval_wanted) == (frozenset(), False, False)


def test_new_evidence_goes_on_only_while_the_goods_are_ours_to_check():
    assert {stage: effects_of_new_evidence(stage) for stage in Stage} == {
        stage: (E.ATTACH_EVIDENCE,) if stage in {S.IN_DELIVERY, S.ARRIVED} else ()
        for stage in Stage
    }
