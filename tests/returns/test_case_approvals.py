"""An approval is for one purpose and for the values that were seen; a change of any of them ends it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qaitar.contracts.marketplace import ReturnReading, Section
from qaitar.foundation.approvals.models import Approval
from qaitar.foundation.identity.actors import Actor
from qaitar.foundation.models import JournalEntry
from qaitar.kernel.approvals import Purpose
from qaitar.kernel.roles import Role
from qaitar.returns.errors import ActBlocked, CaseChanged
from qaitar.returns.models import ReturnRequest
from qaitar.returns.rules.case_approvals import COVERED_COLUMNS
from qaitar.returns.rules.guards import Facts
from qaitar.returns.rules.procedure import PROCEDURE, advance
from qaitar.returns.services.evidence import evidence_restore, evidence_withdraw
from qaitar.returns.services.notes import NOTABLE
from qaitar.returns.services.perform_act import Details, request_act_many
from qaitar.returns.vocabulary import Act, Quality, Stage
from tests.factories.accounts import NOW, Shop
from tests.factories.returns import arrive, look
from tests.returns.approving import (
    CHANGES,
    NEW_VALUES,
    NOT_COVERED,
    PHOTOS,
    SUM,
    approved,
    blocked,
    damaged,
    do,
    first_proof,
    limit_sums,
    note,
    stands,
    states,
)


def test_every_column_people_note_is_covered_or_named_as_harmless() -> None:
    assert set(NEW_VALUES) == COVERED_COLUMNS
    assert set(NOT_COVERED) - {"goods_checked"} == NOTABLE - COVERED_COLUMNS


def test_an_approval_says_what_who_and_when(shop: Shop, aigerim: Actor, daulet: Actor) -> None:
    case = approved(shop, aigerim, daulet)
    row = Approval.objects.get()
    assert (row.purpose, row.state, row.subject_id) == ("DAMAGE", "GIVEN", case.pk)
    assert (row.requested_by_id, row.decided_by_id) == (aigerim.user_id, daulet.user_id)
    assert (row.requested_at, row.decided_at) == (NOW, NOW)
    assert (row.covered["sum_minor"], row.covered["currency"]) == (SUM, "KZT")
    assert len(row.covered["evidence"]) == len(PHOTOS)
    assert do(case.pk, Act.TAKE_FOR_INSPECTION, aigerim).stage == Stage.IN_DELIVERY


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("at", [Stage.WAITING_CUSTOMER, Stage.IN_DELIVERY, Stage.ARRIVED])
def test_a_change_after_approval_blocks_the_act(
    shop: Shop, aigerim: Actor, daulet: Actor, name: str, at: Stage
) -> None:
    limit_sums(shop)
    case = approved(shop, aigerim, daulet)
    assert states() == [("DAMAGE", "GIVEN"), ("SUM", "GIVEN")]
    act = Act.TAKE_FOR_INSPECTION
    if at is not Stage.WAITING_CUSTOMER:
        case = do(case.pk, act, aigerim)
        act = Act.GRANT_REFUND
    if at is Stage.ARRIVED:
        case = arrive(case, aigerim)
    CHANGES[name](case, aigerim)
    case = ReturnRequest.objects.get(pk=case.pk)
    assert (case.stage, case.approval) == (at, "NONE")
    assert states() == [("DAMAGE", "VOIDED"), ("SUM", "VOIDED")]
    line = JournalEntry.objects.order_by("-seq").first()
    assert line is not None
    assert (line.before["approval"], line.after["approval"]) == ("GIVEN", "NONE")
    if at is Stage.IN_DELIVERY:
        arrive(case, aigerim)
    differ = act is Act.GRANT_REFUND and name == "goods_checked"
    blocked(case.pk, act, aigerim, "GOODS_DIFFER" if differ else "APPROVAL_NEEDED")


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_while_approval_is_waited_for_voids_the_page_of_the_senior(
    shop: Shop, aigerim: Actor, daulet: Actor, name: str
) -> None:
    limit_sums(shop)
    seen = do(damaged(shop, aigerim).pk, Act.SEND_FOR_APPROVAL, aigerim)
    CHANGES[name](seen, aigerim)
    requested = [("DAMAGE", "REQUESTED"), ("SUM", "REQUESTED")]
    assert sorted(states()) == sorted([("DAMAGE", "VOIDED"), ("SUM", "VOIDED"), *requested])
    before = stands(seen.pk)
    with pytest.raises(CaseChanged):
        do(seen.pk, Act.APPROVE, daulet, version=seen.version)
    assert stands(seen.pk) == before
    assert not Approval.objects.filter(state="GIVEN").exists()
    blocked(seen.pk, Act.TAKE_FOR_INSPECTION, aigerim, "ROLE_NOT_ALLOWED")


@pytest.mark.parametrize("name", NOT_COVERED)
def test_what_an_approval_does_not_cover_keeps_it(
    shop: Shop, aigerim: Actor, daulet: Actor, name: str
) -> None:
    case = approved(shop, aigerim, daulet)
    note(case.pk, aigerim, **{name: NOT_COVERED[name]})
    assert states() == [("DAMAGE", "GIVEN")]
    assert do(case.pk, Act.TAKE_FOR_INSPECTION, aigerim).stage == Stage.IN_DELIVERY


def test_evidence_withdrawn_while_approval_is_waited_for_asks_anew(
    shop: Shop, aigerim: Actor, daulet: Actor
) -> None:
    case = damaged(shop, aigerim)
    requested = do(case.pk, Act.SEND_FOR_APPROVAL, aigerim)
    proof = first_proof(case)
    evidence_withdraw(evidence_id=proof.pk, by=aigerim, now=NOW, why="не та")
    assert states() == [("DAMAGE", "VOIDED"), ("DAMAGE", "REQUESTED")]
    with pytest.raises(CaseChanged):
        do(case.pk, Act.APPROVE, daulet, version=requested.version)
    evidence_restore(evidence_id=proof.pk, by=aigerim, now=NOW)
    assert [state for _, state in states()] == ["VOIDED", "VOIDED", "REQUESTED"]
    now = ReturnRequest.objects.get(pk=case.pk)
    assert do(case.pk, Act.APPROVE, daulet, version=now.version).approval == "GIVEN"


def test_who_changed_what_is_waited_for_may_not_approve_it(
    shop: Shop, aigerim: Actor, daulet: Actor, saule: Actor
) -> None:
    case = damaged(shop, aigerim)
    do(case.pk, Act.SEND_FOR_APPROVAL, aigerim)
    noted = note(case.pk, daulet, amount_minor=5_000_000)
    assert noted.approval == "REQUESTED"
    assert states() == [("DAMAGE", "VOIDED"), ("DAMAGE", "REQUESTED")]
    blocked(case.pk, Act.APPROVE, daulet, "REQUESTED_BY_SAME_PERSON", version=noted.version)
    do(case.pk, Act.APPROVE, saule, version=noted.version)
    row = Approval.objects.get(state="GIVEN")
    assert (row.covered["sum_minor"], row.requested_by_id) == (5_000_000, daulet.user_id)


def test_an_answer_without_the_version_it_is_about_does_nothing(
    shop: Shop, aigerim: Actor, daulet: Actor
) -> None:
    case = damaged(shop, aigerim)
    do(case.pk, Act.SEND_FOR_APPROVAL, aigerim)
    for act in (Act.APPROVE, Act.DECLINE):
        blocked(case.pk, act, daulet, "VERSION_NEEDED")
        answer = request_act_many(
            ids=[case.pk], act=act, actors={shop.id: daulet}, now=NOW, details=Details()
        )
        assert [no.code for _, _, no in answer.refused] == ["VERSION_NEEDED"]
    assert states() == [("DAMAGE", "REQUESTED")]


def test_a_damage_approval_does_not_serve_for_other_goods(
    shop: Shop, aigerim: Actor, daulet: Actor
) -> None:
    case = arrive(do(approved(shop, aigerim, daulet).pk, Act.TAKE_FOR_INSPECTION, aigerim), aigerim)
    note(case.pk, aigerim, goods_checked="DIFFERENT")
    blocked(case.pk, Act.GRANT_REFUND, aigerim, "GOODS_DIFFER")
    requested = do(case.pk, Act.SEND_FOR_APPROVAL, aigerim)
    assert sorted(states()) == [
        ("DAMAGE", "REQUESTED"),
        ("DAMAGE", "VOIDED"),
        ("GOODS_DIFFER", "REQUESTED"),
    ]
    do(case.pk, Act.APPROVE, daulet, version=requested.version)
    assert do(case.pk, Act.GRANT_REFUND, aigerim).stage == Stage.REFUND_GRANTED


DONE = {
    Act.GRANT_REFUND: Stage.REFUND_GRANTED,
    Act.REFUSE: Stage.REFUSED,
    Act.NOTE_DISPUTE: Stage.DISPUTED,
}


UNTOUCHED = (Stage.REFUND_GRANTED, Stage.REFUSED, Stage.DISPUTED, Stage.CLOSED)


def arrived_and(act: Act, shop: Shop, aigerim: Actor, daulet: Actor) -> ReturnRequest:
    """Approve damage and sum, let the goods arrive, and act."""
    limit_sums(shop)
    case = do(approved(shop, aigerim, daulet).pk, Act.TAKE_FOR_INSPECTION, aigerim)
    case = arrive(case, aigerim)
    if (
        act is Act.REFUSE
    ):  # pressed in the cabinet: of approved damage there is no ground to refuse here
        refused = ReturnReading(
            number=case.number, section=Section.CLOSED, status_text="Отказ в возврате"
        )
        look(shop, NOW, refused)
    else:
        do(case.pk, act, aigerim)
    case = ReturnRequest.objects.get(pk=case.pk)
    assert case.stage == DONE[act]
    assert states() == [("DAMAGE", "GIVEN"), ("SUM", "GIVEN")]
    return case


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("act", DONE)
def test_a_change_ends_the_approval_after_the_decision_too(
    shop: Shop, aigerim: Actor, daulet: Actor, name: str, act: Act
) -> None:
    case = arrived_and(act, shop, aigerim, daulet)
    CHANGES[name](case, aigerim)
    assert ReturnRequest.objects.get(pk=case.pk).approval == "NONE"
    assert states() == [("DAMAGE", "VOIDED"), ("SUM", "VOIDED")]


@pytest.mark.parametrize("stage", UNTOUCHED)
def test_no_act_of_these_stages_asks_whether_something_was_approved(stage: Stage) -> None:
    every = frozenset(Purpose)
    for facts in (Facts(), Facts(quality=Quality.MECHANICAL_DAMAGE, goods_checked="DIFFERENT")):
        without = replace(facts, approval_needed=True)
        given = replace(without, approval="GIVEN", approved=every)
        for act in Act:
            for role in Role:
                answers = {repr(advance(stage, act, each, role)) for each in (without, given)}
                assert len(answers) == 1, (act, role)


@pytest.mark.parametrize("name", CHANGES)
def test_a_senior_who_pays_in_a_dispute_pays_what_they_saw(
    shop: Shop, aigerim: Actor, daulet: Actor, name: str
) -> None:
    seen = arrived_and(Act.NOTE_DISPUTE, shop, aigerim, daulet)
    blocked(seen.pk, Act.GRANT_REFUND, daulet, "VERSION_NEEDED")
    CHANGES[name](seen, aigerim)
    before = stands(seen.pk)
    with pytest.raises(CaseChanged):
        do(seen.pk, Act.GRANT_REFUND, daulet, version=seen.version)
    assert stands(seen.pk) == before
    now = ReturnRequest.objects.get(pk=seen.pk)
    done = do(seen.pk, Act.GRANT_REFUND, daulet, version=now.version)
    assert done.stage == Stage.REFUND_GRANTED


def test_a_reopened_request_is_new_without_any_approval(
    shop: Shop, aigerim: Actor, daulet: Actor
) -> None:
    assert {step.act for step in PROCEDURE if step.to is Stage.NEW} == {Act.NOTE_REOPENED}
    case = arrived_and(Act.REFUSE, shop, aigerim, daulet)
    now = do(case.pk, Act.NOTE_REOPENED, aigerim)
    assert (now.stage, now.approval) == (Stage.NEW, "NONE")
    assert states() == [("DAMAGE", "VOIDED"), ("SUM", "VOIDED")]
    blocked(case.pk, Act.TAKE_FOR_INSPECTION, aigerim, "APPROVAL_NEEDED")


@pytest.mark.parametrize("name", CHANGES)
def test_a_closed_request_is_changed_by_nobody(
    shop: Shop, aigerim: Actor, daulet: Actor, name: str
) -> None:
    case = arrived_and(Act.GRANT_REFUND, shop, aigerim, daulet)
    case = do(case.pk, Act.NOTE_REFUND_DONE, aigerim)
    assert case.stage == Stage.CLOSED
    if name not in NOTABLE and not name.startswith(("evidence", "amount")):
        return  # what the marketplace itself shows later is kept; no act is left that could follow
    before = stands(case.pk)
    with pytest.raises(ActBlocked) as no:
        CHANGES[name](case, aigerim)
    assert no.value.blocked.code == "CASE_CLOSED"
    assert (stands(case.pk), states()) == (before, [("DAMAGE", "GIVEN"), ("SUM", "GIVEN")])
