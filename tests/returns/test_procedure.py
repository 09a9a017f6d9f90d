"""The procedure: the whole matrix of stages, acts and roles, and each condition by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qaitar.kernel.approvals import Purpose
from qaitar.kernel.roles import Role
from qaitar.returns.rules.procedure import (
    PROCEDURE,
    Advanced,
    Blocked,
    Facts,
    advance,
    refusal_reasons,
)
from qaitar.returns.vocabulary import (
    Act,
    Effect,
    EvidenceKind,
    Outcome,
    Quality,
    RefusalReason,
    Stage,
)

S, A, E, K = Stage, Act, Effect, EvidenceKind

# Who may do what where, written by hand and not read from the table.
# o operator, s senior, w owner, d admin, a accountant, c clerk, v viewer, y the program itself; a dot: no such step.
LETTER = {
    Role.OPERATOR: "o",
    Role.SENIOR: "s",
    Role.OWNER: "w",
    Role.ADMIN: "d",
    Role.ACCOUNTANT: "a",
    Role.CLERK: "c",
    Role.VIEWER: "v",
    Role.SYSTEM: "y",
}
# fmt: off
COLUMNS = (S.NEW, S.WAITING_CUSTOMER, S.WAITING_APPROVAL, S.IN_DELIVERY, S.ARRIVED, S.REFUND_GRANTED, S.REFUSED, S.DISPUTED, S.CLOSED)
MATRIX = {
    A.ASK_CUSTOMER:             "oswd  oswd  .     .      .     .      .     .     .",
    A.SEND_FOR_APPROVAL:        "oswd  oswd  .     .      oswd  .      .     .     .",
    A.APPROVE:                  ".     .     swd   .      swd   .      .     .     .",
    A.DECLINE:                  ".     .     swd   .      swd   .      .     .     .",
    A.TAKE_FOR_INSPECTION:      "oswdy oswdy swdy  .      .     .      .     .     .",
    A.REFUSE:                   "oswdy oswdy swdy  .      oswdy .      .     .     .",
    A.NOTE_ACCEPTED:               "oswdy oswdy oswdy .      .     .      oswdy .     .",
    A.NOTE_ARRIVAL:             ".     .     .     oswdcy .     .      .     .     .",
    A.GRANT_REFUND:             ".     .     .     .      oswdy .      .     swdy  .",
    A.NOTE_REFUND_DONE:         ".     .     .     .      .     oswday .     .     .",
    A.NOTE_DISPUTE:             "oswdy oswdy oswdy oswdy  oswdy .      oswdy .     .",
    A.SEND_DISPUTE_EVIDENCE:    ".     .     .     .      .     .      .     oswd  .",
    A.NOTE_DISPUTE_WON:         ".     .     .     .      .     .      .     oswdy .",
    A.NOTE_DISPUTE_LOST:        ".     .     .     .      .     .      .     oswdy .",
    A.ASK_TO_REOPEN:            ".     .     .     .      .     .      oswd  .     .",
    A.NOTE_REOPENED:            ".     .     .     .      .     .      oswdy .     .",
    A.NOTE_WITHDRAWN:           "oswdy oswdy oswdy oswdy  .     .      .     oswdy .",
    A.NOTE_NEVER_ARRIVED:       ".     .     .     oswdy  .     .      .     .     .",
    A.NOTE_MARKETPLACE_DECIDED: "oswdy oswdy oswdy oswdy  oswdy oswdy  oswdy oswdy .",
    A.CLOSE_REFUSED:            ".     .     .     .      .     .      oswdy .     .",
}
# fmt: on
CELLS = [
    (stage, act, "" if who == "." else who)
    for act, row in MATRIX.items()
    for stage, who in zip(COLUMNS, row.split(), strict=True)
]

ALL_EVIDENCE = frozenset(EvidenceKind)
PHOTOS = frozenset({K.PHOTO_GOODS, K.PHOTO_PACKAGING})
ACTS = frozenset({K.IRREPARABILITY_ACT, K.TECHNICAL_ACT})
PROPER = Facts(quality=Quality.PROPER, missing_evidence=PHOTOS)
PHOTOGRAPHED = Facts(quality=Quality.PROPER, evidence=PHOTOS, customer_contacted=True)
DEFECTIVE = Facts(quality=Quality.DEFECTIVE, missing_evidence=ACTS)
DAMAGED = Facts(quality=Quality.MECHANICAL_DAMAGE, damage_reported="WITHIN_DAY")
ALL_APPROVED = frozenset({Purpose.DAMAGE, Purpose.EXCEPTION, Purpose.GOODS_DIFFER, Purpose.SUM})
DAMAGED_LATE = replace(DAMAGED, damage_reported="LATER")


def opening(stage: Stage, act: Act) -> Facts:
    """Facts under which every condition of the cell holds, for people and for the program."""
    facts = Facts(
        quality=Quality.PROPER,
        evidence=ALL_EVIDENCE,
        technical_act_confirmed=True,
        near_control=True,
        control_due_passed=True,
        now_after_refile_window=True,
        refusal_reason=RefusalReason.NOT_RETURNABLE,
        policy_refusal_reasons=frozenset({RefusalReason.NOT_RETURNABLE}),
    )
    if act in {A.APPROVE, A.DECLINE}:
        return replace(facts, approval="REQUESTED")
    return replace(facts, awaiting_proof=(stage, act) == (S.REFUSED, A.NOTE_ACCEPTED))


def test_matrix_covers_every_cell():
    assert set(MATRIX) == set(Act)
    assert set(COLUMNS) == set(Stage)
    assert len(CELLS) == len(Act) * len(Stage)


@pytest.mark.parametrize(("stage", "act", "who"), CELLS, ids=lambda x: str(x) or "nobody")
def test_every_stage_act_and_role(stage: Stage, act: Act, who: str):
    for role, letter in LETTER.items():
        answer = advance(stage, act, opening(stage, act), role)
        if letter in who:
            assert isinstance(answer, Advanced), (role, answer)
            assert (answer.step.at, answer.step.act) == (stage, act)
        elif who:
            assert isinstance(answer, Blocked)
            assert (answer.code, dict(answer.params)) == ("ROLE_NOT_ALLOWED", {"role": role.value})
        else:
            assert answer == Blocked("NO_SUCH_STEP", {"stage": stage.value, "act": act.value})


def test_every_stage_can_be_reached():
    seen, frontier = {S.NEW}, [S.NEW]
    while frontier:
        at = frontier.pop()
        found = {step.to for step in PROCEDURE if step.at is at} - seen
        seen |= found
        frontier += found
    assert seen == set(Stage)


@pytest.mark.parametrize("stage", [s for s in Stage if s is not S.CLOSED])
def test_every_open_stage_has_a_way_out(stage: Stage):
    outs = [step for step in PROCEDURE if step.at is stage and step.to is not stage]
    by_program = advance(stage, A.NOTE_MARKETPLACE_DECIDED, Facts(), Role.SYSTEM)
    assert isinstance(by_program, Advanced)
    assert by_program.step.outcome is Outcome.MARKETPLACE_REFUNDED
    assert [s for s in outs if Role.OPERATOR in s.roles and s.act is not A.NOTE_MARKETPLACE_DECIDED]


def test_closing_always_names_its_outcome_and_only_closing_does():
    for step in PROCEDURE:
        assert (step.to is S.CLOSED) == (step.outcome is not Outcome.NONE), step


def test_what_cannot_be_accepted_back_is_what_presses_a_button():
    presses = {E.PRESS_TAKE, E.PRESS_REFUSE, E.PRESS_GRANT}
    for step in PROCEDURE:
        assert step.irreversible == bool(presses & set(step.then)), step
        assert E.WRITE_REGISTER in step.then, step


# --- conditions, one line each ------------------------------------------------------------------------------------

POLICY_NO = {"policy_refusal_reasons": frozenset({RefusalReason.WINDOW_PASSED})}
CONDITIONS = [
    ("class not chosen", S.NEW, A.ASK_CUSTOMER, Facts(), "QUALITY_UNKNOWN"),
    ("asked already", S.WAITING_CUSTOMER, A.ASK_CUSTOMER, PHOTOGRAPHED, "ALREADY_ASKED"),
    ("approved first, asked later", S.WAITING_CUSTOMER, A.ASK_CUSTOMER, PROPER, ""),
    ("class not chosen", S.NEW, A.TAKE_FOR_INSPECTION, Facts(), "QUALITY_UNKNOWN"),
    ("no photos", S.NEW, A.TAKE_FOR_INSPECTION, PROPER, "EVIDENCE_MISSING"),
    ("photos attached by the customer", S.NEW, A.TAKE_FOR_INSPECTION, PHOTOGRAPHED, ""),
    (
        "goods fit the conditions",
        S.NEW,
        A.TAKE_FOR_INSPECTION,
        replace(PROPER, policy_allows_take=True),
        "",
    ),
    (
        "sum above the limit",
        S.NEW,
        A.TAKE_FOR_INSPECTION,
        replace(PHOTOGRAPHED, approval_needed=True),
        "APPROVAL_NEEDED",
    ),
    (
        "senior said no",
        S.WAITING_CUSTOMER,
        A.TAKE_FOR_INSPECTION,
        replace(DAMAGED, approval="DECLINED"),
        "APPROVAL_DECLINED",
    ),
    (
        "senior said yes",
        S.WAITING_CUSTOMER,
        A.TAKE_FOR_INSPECTION,
        replace(DAMAGED, approval="GIVEN", approved=ALL_APPROVED, missing_evidence=PHOTOS),
        "",
    ),
    ("no act", S.WAITING_CUSTOMER, A.TAKE_FOR_INSPECTION, DEFECTIVE, "EVIDENCE_MISSING"),
    (
        "technical act follows",
        S.WAITING_CUSTOMER,
        A.TAKE_FOR_INSPECTION,
        replace(DEFECTIVE, missing_evidence=frozenset({K.TECHNICAL_ACT})),
        "",
    ),
    (
        "time not up",
        S.WAITING_APPROVAL,
        A.TAKE_FOR_INSPECTION,
        PHOTOGRAPHED,
        "CONTROL_DATE_NOT_NEAR",
    ),
    (
        "given already",
        S.WAITING_CUSTOMER,
        A.SEND_FOR_APPROVAL,
        replace(DAMAGED, approval="GIVEN", approved=ALL_APPROVED),
        "APPROVAL_ALREADY_GIVEN",
    ),
    (
        "asked already",
        S.ARRIVED,
        A.SEND_FOR_APPROVAL,
        replace(DAMAGED, approval="REQUESTED"),
        "APPROVAL_ALREADY_REQUESTED",
    ),
    (
        "reopened while asked",
        S.NEW,
        A.SEND_FOR_APPROVAL,
        replace(DAMAGED, approval="REQUESTED"),
        "",
    ),
    ("nobody asked", S.ARRIVED, A.APPROVE, DAMAGED, "APPROVAL_NOT_REQUESTED"),
    (
        "own question",
        S.WAITING_APPROVAL,
        A.APPROVE,
        replace(DAMAGED, approval="REQUESTED", requested_by_me=True),
        "REQUESTED_BY_SAME_PERSON",
    ),
    (
        "own question",
        S.WAITING_APPROVAL,
        A.DECLINE,
        replace(DAMAGED, approval="REQUESTED", requested_by_me=True),
        "REQUESTED_BY_SAME_PERSON",
    ),
    (
        "late damage without act",
        S.WAITING_APPROVAL,
        A.APPROVE,
        replace(DAMAGED_LATE, approval="REQUESTED"),
        "TECHNICAL_ACT_FIRST",
    ),
    (
        "act without stamp",
        S.WAITING_APPROVAL,
        A.APPROVE,
        replace(DAMAGED_LATE, approval="REQUESTED", evidence=ACTS),
        "TECHNICAL_ACT_FIRST",
    ),
    (
        "late damage with act",
        S.WAITING_APPROVAL,
        A.APPROVE,
        replace(DAMAGED_LATE, approval="REQUESTED", evidence=ACTS, technical_act_confirmed=True),
        "",
    ),
    (
        "other goods came",
        S.ARRIVED,
        A.GRANT_REFUND,
        replace(PHOTOGRAPHED, goods_checked="DIFFERENT"),
        "GOODS_DIFFER",
    ),
    (
        "other goods, approved",
        S.ARRIVED,
        A.GRANT_REFUND,
        replace(PHOTOGRAPHED, goods_checked="DIFFERENT", approval="GIVEN", approved=ALL_APPROVED),
        "",
    ),
    (
        "other goods, only the damage approved",
        S.ARRIVED,
        A.GRANT_REFUND,
        replace(DAMAGED, goods_checked="DIFFERENT", approved=frozenset({Purpose.DAMAGE})),
        "GOODS_DIFFER",
    ),
    (
        "photos missing, only the damage approved",
        S.WAITING_CUSTOMER,
        A.TAKE_FOR_INSPECTION,
        replace(DAMAGED, missing_evidence=PHOTOS, approved=frozenset({Purpose.DAMAGE})),
        "EVIDENCE_MISSING",
    ),
    (
        "damage and sum, only the damage approved",
        S.ARRIVED,
        A.GRANT_REFUND,
        replace(DAMAGED, approval_needed=True, approved=frozenset({Purpose.DAMAGE})),
        "APPROVAL_NEEDED",
    ),
    (
        "asked for other values",
        S.WAITING_APPROVAL,
        A.APPROVE,
        replace(DAMAGED, approval="REQUESTED", approval_outdated=True),
        "APPROVAL_OUTDATED",
    ),
    ("not approved", S.ARRIVED, A.GRANT_REFUND, DAMAGED, "APPROVAL_NEEDED"),
    ("technical act missing", S.ARRIVED, A.GRANT_REFUND, DEFECTIVE, "EVIDENCE_MISSING"),
    (
        "technical act not stamped",
        S.ARRIVED,
        A.GRANT_REFUND,
        replace(DEFECTIVE, evidence=ACTS, missing_evidence=frozenset()),
        "EVIDENCE_MISSING",
    ),
    (
        "act missing, time is up",
        S.ARRIVED,
        A.GRANT_REFUND,
        replace(DEFECTIVE, near_control=True),
        "",
    ),
    (
        "act missing, approved",
        S.ARRIVED,
        A.GRANT_REFUND,
        replace(DEFECTIVE, approval="GIVEN", approved=ALL_APPROVED),
        "",
    ),
    (
        "act missing, approval only asked for",
        S.ARRIVED,
        A.GRANT_REFUND,
        replace(DEFECTIVE, approval="REQUESTED"),
        "EVIDENCE_MISSING",
    ),
    ("parcel not overdue", S.IN_DELIVERY, A.NOTE_NEVER_ARRIVED, PROPER, "ARRIVAL_NOT_OVERDUE"),
    (
        "goods handed over",
        S.IN_DELIVERY,
        A.NOTE_WITHDRAWN,
        replace(PROPER, goods_handed_over=True),
        "GOODS_HANDED_OVER",
    ),
    ("nothing to send", S.DISPUTED, A.SEND_DISPUTE_EVIDENCE, PROPER, "NO_EVIDENCE"),
    ("no RURMA act", S.REFUSED, A.ASK_TO_REOPEN, DEFECTIVE, "QUALITY_CHECK_ACT_MISSING"),
    (
        "asked to reopen",
        S.REFUSED,
        A.ASK_TO_REOPEN,
        Facts(evidence=ALL_EVIDENCE, reopen_awaited=True),
        "REOPEN_ALREADY_ASKED",
    ),
    ("refusal seen", S.REFUSED, A.NOTE_ACCEPTED, PROPER, "REFUSAL_IS_PROVED"),
    ("window open", S.REFUSED, A.CLOSE_REFUSED, PROPER, "REFILE_WINDOW_OPEN"),
    (
        "refusal not seen",
        S.REFUSED,
        A.CLOSE_REFUSED,
        Facts(awaiting_proof=True, newer_attempt_exists=True),
        "PRESS_NOT_PROVED",
    ),
    (
        "reopening awaited",
        S.REFUSED,
        A.CLOSE_REFUSED,
        Facts(reopen_awaited=True, now_after_refile_window=True),
        "REOPEN_AWAITED",
    ),
    (
        "filed again",
        S.REFUSED,
        A.CLOSE_REFUSED,
        Facts(reopen_awaited=True, newer_attempt_exists=True),
        "",
    ),
]


@pytest.mark.parametrize(("why", "stage", "act", "facts", "code"), CONDITIONS)
def test_conditions(why: str, stage: Stage, act: Act, facts: Facts, code: str):
    answer = advance(stage, act, facts, Role.SENIOR)
    assert (answer.code if isinstance(answer, Blocked) else "") == code, why


@pytest.mark.parametrize(
    ("stage", "act", "facts", "code"),
    [
        (S.NEW, A.TAKE_FOR_INSPECTION, PHOTOGRAPHED, "CONTROL_DATE_NOT_NEAR"),
        (S.NEW, A.TAKE_FOR_INSPECTION, Facts(near_control=True), ""),
        (
            S.WAITING_CUSTOMER,
            A.TAKE_FOR_INSPECTION,
            Facts(near_control=True, approval="DECLINED"),
            "APPROVAL_DECLINED",
        ),
        (
            S.ARRIVED,
            A.GRANT_REFUND,
            Facts(near_control=True, goods_checked="DIFFERENT"),
            "GOODS_DIFFER",
        ),
        (S.ARRIVED, A.GRANT_REFUND, Facts(control_due_passed=True), ""),
        (
            S.NEW,
            A.REFUSE,
            Facts(refusal_reason=RefusalReason.WINDOW_PASSED, **POLICY_NO),
            "CONTROL_DATE_NOT_NEAR",
        ),
        (
            S.NEW,
            A.REFUSE,
            Facts(refusal_reason=RefusalReason.WINDOW_PASSED, near_control=True, **POLICY_NO),
            "",
        ),
        (
            S.NEW,
            A.REFUSE,
            Facts(refusal_reason=RefusalReason.NO_ANSWER, near_control=True),
            "NO_GROUND_FOR_REFUSAL",
        ),
    ],
)
def test_the_program_acts_alone_only_when_time_is_up(stage, act, facts, code):
    answer = advance(stage, act, facts, Role.SYSTEM)
    assert (answer.code if isinstance(answer, Blocked) else "") == code


# --- refusing -----------------------------------------------------------------------------------------------------

SILENT = Facts(quality=Quality.PROPER, customer_contacted=True, missing_evidence=PHOTOS)
R = RefusalReason


@pytest.mark.parametrize(
    ("why", "stage", "facts", "reasons"),
    [
        ("time is not up", S.WAITING_CUSTOMER, SILENT, ()),
        (
            "nobody answered",
            S.WAITING_CUSTOMER,
            replace(SILENT, near_control=True),
            (R.NO_ANSWER,),
        ),
        (
            "answered, sent nothing",
            S.WAITING_CUSTOMER,
            replace(SILENT, near_control=True, customer_answered=True),
            (R.NO_ANSWER,),
        ),
        (
            "answered and sent all",
            S.WAITING_CUSTOMER,
            replace(PHOTOGRAPHED, near_control=True, customer_answered=True),
            (),
        ),
        ("never asked", S.NEW, replace(PROPER, near_control=True), ()),
        (
            "never asked",
            S.WAITING_CUSTOMER,
            replace(PROPER, near_control=True),
            (),
        ),
        (
            "sent for the act",
            S.WAITING_CUSTOMER,
            replace(DEFECTIVE, sent_to_service_centre=True),
            (R.SENT_FOR_ACT,),
        ),
        (
            "act already there",
            S.NEW,
            replace(DEFECTIVE, sent_to_service_centre=True, evidence=ACTS),
            (),
        ),
        ("good order needs no act", S.NEW, replace(PROPER, sent_to_service_centre=True), ()),
        ("damage within a day", S.WAITING_CUSTOMER, DAMAGED, ()),
        (
            "damage within a day, declined",
            S.WAITING_CUSTOMER,
            replace(DAMAGED, approval="DECLINED"),
            (R.DAMAGE_BY_CUSTOMER,),
        ),
        ("damage after two days", S.WAITING_CUSTOMER, DAMAGED_LATE, (R.DAMAGE_BY_CUSTOMER,)),
        (
            "damage after two days, approved",
            S.WAITING_CUSTOMER,
            replace(DAMAGED_LATE, approval="GIVEN", approved=ALL_APPROVED),
            (),
        ),
        (
            "other goods came",
            S.ARRIVED,
            replace(PHOTOGRAPHED, goods_checked="DIFFERENT"),
            (R.DIFFERENT_GOODS_CAME,),
        ),
        ("silence means nothing here", S.ARRIVED, replace(SILENT, near_control=True), ()),
        ("nothing to refuse", S.IN_DELIVERY, replace(PROPER, **POLICY_NO), ()),
        (
            "policy found two",
            S.NEW,
            replace(
                PROPER,
                policy_refusal_reasons=frozenset({R.WINDOW_PASSED, R.NOT_RETURNABLE}),
            ),
            (R.NOT_RETURNABLE, R.WINDOW_PASSED),
        ),
    ],
)
def test_reasons_are_offered_only_when_true(why, stage, facts, reasons):
    assert refusal_reasons(stage, facts) == reasons, why


def test_a_refusal_pressed_in_the_cabinet_may_be_recorded_with_any_reason_of_the_stage():
    seen = Facts(marketplace_shows_refused=True)
    assert set(refusal_reasons(S.NEW, seen)) == set(R) - {R.NO_ANSWER, R.DIFFERENT_GOODS_CAME}
    assert refusal_reasons(S.IN_DELIVERY, seen) == ()


def test_a_reason_has_to_be_chosen_and_true():
    facts = replace(SILENT, near_control=True)
    requested = advance(S.WAITING_CUSTOMER, A.REFUSE, facts, Role.OPERATOR)
    assert requested == Blocked("REASON_NEEDED", {"reasons": "NO_ANSWER"}, "3a")
    untrue = replace(facts, refusal_reason=R.WINDOW_PASSED)
    answer = advance(S.WAITING_CUSTOMER, A.REFUSE, untrue, Role.OPERATOR)
    assert answer == Blocked("REASON_NOT_GROUNDED", {"reason": "WINDOW_PASSED"}, "3a")
    none = advance(S.NEW, A.REFUSE, untrue, Role.OPERATOR)
    assert none == Blocked("NO_GROUND_FOR_REFUSAL", {}, "3a")
