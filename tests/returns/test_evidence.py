"""Proofs: who added what, confirmed or taken back; step 6 goes on from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qaitar.foundation.journal.personal_values import lines_open
from qaitar.foundation.models import JournalEntry, PlannedEffect
from qaitar.kernel.roles import Role
from qaitar.returns.errors import ActBlocked, CaseMissing
from qaitar.returns.models import Evidence, ReturnRequest
from qaitar.returns.services.evidence import (
    NewProof,
    evidence_add,
    evidence_confirm,
    evidence_restore,
    evidence_withdraw,
)
from qaitar.returns.services.perform_act import request_act
from qaitar.returns.vocabulary import Act, EvidenceKind
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls
from tests.factories.returns import add_proofs, arrive, make_case, make_file, take

if TYPE_CHECKING:
    from qaitar.foundation.identity.actors import Actor


def test_a_proof_is_added_once_and_notes_that_the_customer_answered(
    shop: Shop, aigerim: Actor
) -> None:
    case = make_case(shop, aigerim)
    proof = NewProof(make_file(shop.id), EvidenceKind.PHOTO_GOODS)
    for _ in range(2):
        evidence_add(request_id=case.pk, proofs=[proof], by=aigerim, now=NOW)
    assert Evidence.objects.count() == 1
    assert ReturnRequest.objects.get(pk=case.pk).customer_answered
    acts = JournalEntry.objects.order_by("seq").values_list("act", flat=True)
    assert list(acts) == ["CREATE", "ADD_EVIDENCE"]


def test_a_technical_act_counts_only_with_signature_and_stamp(shop: Shop, aigerim: Actor) -> None:
    """Step 6: defective goods are granted when the act bears the service centre's signature and stamp."""
    case = make_case(shop, aigerim, reason_code="", reason_text="Брак")
    add_proofs(case, aigerim, EvidenceKind.IRREPARABILITY_ACT, EvidenceKind.TECHNICAL_ACT)
    accepted = request_act(
        request_id=case.pk, act=Act.TAKE_FOR_INSPECTION, by=aigerim, now=NOW
    ).request
    assert PlannedEffect.objects.filter(kind="ASK_SERVICE_CENTRE").count() == 1
    arrive(accepted, aigerim)
    with pytest.raises(ActBlocked) as no:
        request_act(request_id=case.pk, act=Act.GRANT_REFUND, by=aigerim, now=NOW)
    assert (no.value.blocked.code, dict(no.value.blocked.params)) == (
        "EVIDENCE_MISSING",
        {"missing": "TECHNICAL_ACT"},
    )
    act = Evidence.objects.get(kind="TECHNICAL_ACT")
    evidence_confirm(evidence_id=act.pk, signature=True, stamp=False, by=aigerim, now=NOW)
    with pytest.raises(ActBlocked):
        request_act(request_id=case.pk, act=Act.GRANT_REFUND, by=aigerim, now=NOW)
    evidence_confirm(evidence_id=act.pk, signature=True, stamp=True, by=aigerim, now=NOW)
    done = request_act(request_id=case.pk, act=Act.GRANT_REFUND, by=aigerim, now=NOW)
    assert done.request.stage == "REFUND_GRANTED"


def test_an_act_confirmed_while_goods_travel_goes_to_the_erp(shop: Shop, aigerim: Actor) -> None:
    case = take(make_case(shop, aigerim), aigerim)
    before = PlannedEffect.objects.filter(kind="ATTACH_EVIDENCE").count()
    add_proofs(case, aigerim, EvidenceKind.HANDOVER_ACT)
    assert PlannedEffect.objects.filter(kind="ATTACH_EVIDENCE").count() == before + 1


def test_a_withdrawn_proof_no_longer_counts_and_stays_in_the_journal(
    shop: Shop, aigerim: Actor
) -> None:
    case = make_case(shop, aigerim)
    add_proofs(case, aigerim, EvidenceKind.PHOTO_GOODS)
    proof = Evidence.objects.get()
    evidence_withdraw(evidence_id=proof.pk, by=aigerim, now=NOW, why="не тот заказ")
    with pytest.raises(CaseMissing):
        evidence_withdraw(evidence_id=proof.pk, by=aigerim, now=NOW, why="ещё раз")
    last = JournalEntry.objects.order_by("-seq").first()
    assert last is not None
    lines_open([last])
    assert (last.act, last.why) == ("WITHDRAW_EVIDENCE", "PHOTO_GOODS.jpg: не тот заказ")


def test_a_proof_added_anew_is_not_doubled_by_putting_the_withdrawn_one_back(
    shop: Shop, aigerim: Actor
) -> None:
    case = make_case(shop, aigerim)
    proof = NewProof(make_file(shop.id), EvidenceKind.PHOTO_GOODS)
    evidence_add(request_id=case.pk, proofs=[proof], by=aigerim, now=NOW)
    accepted_out = Evidence.objects.get()
    evidence_withdraw(evidence_id=accepted_out.pk, by=aigerim, now=NOW, why="по ошибке")
    evidence_add(request_id=case.pk, proofs=[proof], by=aigerim, now=NOW)
    put_back = evidence_restore(evidence_id=accepted_out.pk, by=aigerim, now=NOW)
    assert put_back == Evidence.objects.get(withdrawn_at=None) != accepted_out
    acts = JournalEntry.objects.order_by("seq").values_list("act", flat=True)
    assert list(acts) == ["CREATE", "ADD_EVIDENCE", "WITHDRAW_EVIDENCE", "ADD_EVIDENCE"]


def test_a_viewer_adds_nothing(shop: Shop, aigerim: Actor) -> None:
    case = make_case(shop, aigerim)
    viewer = actor(make_person("viewer", (shop.id, Role.VIEWER)), shop.id)
    with pytest.raises(ActBlocked) as no:
        add_proofs(case, viewer, EvidenceKind.PHOTO_GOODS)
    assert no.value.blocked.code == "ROLE_NOT_ALLOWED"
    assert (Evidence.objects.count(), JournalEntry.objects.count()) == (0, 1)


def test_a_stranger_cannot_touch_a_proof(shop: Shop, aigerim: Actor) -> None:
    case = make_case(shop, aigerim)
    add_proofs(case, aigerim, EvidenceKind.PHOTO_GOODS)
    proof = Evidence.objects.get()
    other = make_shop("ТОО «Жұлдыз»")
    timur = actor(make_person("timur", (other.id, Role.OWNER)), other.id)
    with pytest.raises(CaseMissing):
        evidence_withdraw(evidence_id=proof.pk, by=timur, now=NOW, why="")
    open_walls(shop.id)
    assert Evidence.objects.get(pk=proof.pk).withdrawn_at is None
