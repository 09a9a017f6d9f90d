"""An approval is for one purpose and for the values that were seen; a change of any of them ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from qaitar.contracts.marketplace import LineRecord, ReturnReading, Section
from qaitar.foundation.approvals.models import Approval
from qaitar.foundation.identity.actors import Actor, system_actor
from qaitar.foundation.models import JournalEntry
from qaitar.kernel.approvals import Purpose
from qaitar.kernel.roles import Role
from qaitar.orders.models import OrderLine
from qaitar.orders.services.merging import orders_merge
from qaitar.returns.errors import ActBlocked, CaseChanged
from qaitar.returns.models import Evidence, ReturnRequest
from qaitar.returns.reads.cases import case_load
from qaitar.returns.rules.case_approvals import COVERED_COLUMNS
from qaitar.returns.rules.dated_rules import RuleCode
from qaitar.returns.rules.guards import Facts
from qaitar.returns.rules.procedure import PROCEDURE, advance
from qaitar.returns.services.evidence import evidence_confirm, evidence_restore, evidence_withdraw
from qaitar.returns.services.linking import requests_link
from qaitar.returns.services.merchant_rules import RuleEntry, rule_save
from qaitar.returns.services.notes import NOTABLE, case_note, request_note
from qaitar.returns.services.order_line import line_note
from qaitar.returns.services.perform_act import Details, request_act, request_act_many
from qaitar.returns.vocabulary import Act, EvidenceKind, Quality, Stage
from tests.factories.accounts import NOW, Shop, actor, make_person
from tests.factories.orders import file_order
from tests.factories.returns import add_proofs, arrive, look, make_case

Change = Callable[[ReturnRequest, Actor], None]
PHOTOS = (EvidenceKind.PHOTO_DAMAGE, EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING)
SUM, LIMIT = 1_000_000, 500_000
NEW_VALUES: dict[str, Any] = {
    "amount_minor": 999_999_900,
    "category_title": "Ноутбуки",
    "currency": "RUB",
    "goods_checked": "DIFFERENT",
    "line_id": UUID(int=7),
    "inspection": {"unused": False},
    "product_name": "Ноутбук",
    "product_sku": "NB-1",
    "quality": "PROPER",
    "quantity_milli": 2_000,
    "reason_code": "DEFECT",
    "reason_text": "Не включается",
    "received_on": date(2026, 1, 2),
    "unit_value": "SN-2",
}
NOT_COVERED: dict[str, Any] = {
    "assignee_id": 5,
    "assignee_name": "А.",
    "customer_answered": False,
    "customer_name": "Асель",
    "customer_phone": "+77010000000",
    "customer_words": "Спасибо",
    "goods_checked": "SAME",
    "goods_handed_over": True,
    "planned_arrival_on": date(2026, 5, 20),
    "marketplace_due_at": NOW,
    "marketplace_due_section": "NEW",
}


def noting(name: str, value: Any) -> Change:
    """Note it as a person; what no person notes is written by the program itself."""

    def change(case: ReturnRequest, by: Actor) -> None:
        if name in NOTABLE:
            request_note(request_id=case.pk, values={name: value}, by=by, now=NOW)
            return
        loaded = case_load(case.pk)
        assert loaded is not None
        program = system_actor("mirror")
        case_note(case=loaded, values={name: value}, act="MIRROR", by=program, now=NOW)

    return change


def first_proof(case: ReturnRequest) -> Evidence:
    found = Evidence.objects.filter(request_id=case.pk).order_by("id").first()
    assert found is not None
    return found


def add_photo(case: ReturnRequest, by: Actor) -> None:
    add_proofs(case, by, EvidenceKind.PHOTO_DAMAGE)


def withdraw_photo(case: ReturnRequest, by: Actor) -> None:
    evidence_withdraw(evidence_id=first_proof(case).pk, by=by, now=NOW, why="не та")


def confirm_stamp(case: ReturnRequest, by: Actor) -> None:
    evidence_confirm(evidence_id=first_proof(case).pk, signature=True, stamp=True, by=by, now=NOW)


CHANGES: dict[str, Change] = {
    **{name: noting(name, value) for name, value in NEW_VALUES.items()},
    "amount_lowered": noting("amount_minor", 100),
    "evidence_added": add_photo,
    "evidence_withdrawn": withdraw_photo,
    "evidence_confirmed": confirm_stamp,
}


def test_every_column_people_note_is_covered_or_named_as_harmless() -> None:
    assert set(NEW_VALUES) == COVERED_COLUMNS
    assert set(NOT_COVERED) - {"goods_checked"} == NOTABLE - COVERED_COLUMNS


@pytest.fixture
def daulet(shop: Shop) -> Actor:
    return actor(make_person("daulet", (shop.id, Role.SENIOR)), shop.id)


@pytest.fixture
def saule(shop: Shop) -> Actor:
    return actor(make_person("saule", (shop.id, Role.SENIOR)), shop.id)


def do(pk: UUID, act: Act, by: Actor, *, version: int | None = None) -> ReturnRequest:
    details = Details(expected_version=version)
    return request_act(request_id=pk, act=act, by=by, now=NOW, details=details).request


def note(pk: UUID, by: Actor, **values: Any) -> ReturnRequest:
    return request_note(request_id=pk, values=values, by=by, now=NOW)


def limit_sums(shop: Shop, minor: int = LIMIT) -> None:
    entry = RuleEntry(code=RuleCode.APPROVAL_ABOVE_MINOR, value=minor, valid_from=date(2020, 1, 1))
    rule_save(merchant_id=shop.id, entry=entry, by=system_actor("test"), now=NOW)


def damaged(shop: Shop, by: Actor) -> ReturnRequest:
    case = make_case(shop, by, reason_code="", reason_text="Экран разбит", amount_minor=SUM)
    return add_proofs(case, by, *PHOTOS)


def approved(shop: Shop, by: Actor, senior: Actor) -> ReturnRequest:
    case = damaged(shop, by)
    requested = do(case.pk, Act.SEND_FOR_APPROVAL, by)
    return do(case.pk, Act.APPROVE, senior, version=requested.version)


def states() -> list[tuple[str, str]]:
    return list(Approval.objects.order_by("id").values_list("purpose", "state"))


def stands(pk: UUID) -> tuple[int, int]:
    """What an act that was blocked has to leave as it was."""
    return ReturnRequest.objects.get(pk=pk).version, JournalEntry.objects.count()


def blocked(pk: UUID, act: Act, by: Actor, code: str, *, version: int | None = None) -> None:
    before = stands(pk)
    with pytest.raises(ActBlocked) as no:
        do(pk, act, by, version=version)
    assert no.value.blocked.code == code
    assert stands(pk) == before


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


def test_a_sum_lowered_below_the_limit_is_approved_all_the_same(
    shop: Shop, aigerim: Actor, daulet: Actor
) -> None:
    limit_sums(shop, 10_000_000)
    case = make_case(shop, aigerim, amount_minor=50_000_000)
    add_proofs(case, aigerim, EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING)
    blocked(case.pk, Act.TAKE_FOR_INSPECTION, aigerim, "APPROVAL_NEEDED")
    note(case.pk, aigerim, amount_minor=100)
    blocked(case.pk, Act.TAKE_FOR_INSPECTION, aigerim, "APPROVAL_NEEDED")
    note(case.pk, aigerim, amount_minor=200)
    blocked(case.pk, Act.TAKE_FOR_INSPECTION, aigerim, "APPROVAL_NEEDED")
    requested = do(case.pk, Act.SEND_FOR_APPROVAL, aigerim)
    assert states() == [("SUM", "REQUESTED")]
    do(case.pk, Act.APPROVE, daulet, version=requested.version)
    assert do(case.pk, Act.TAKE_FOR_INSPECTION, aigerim).stage == Stage.IN_DELIVERY


def sold(shop: Shop, minor: int = 90_000_000) -> None:
    order = file_order("700000001", total_minor=minor, lines=())
    orders_merge(store=shop.store, records=[order], now=NOW)


def good_photos(case: ReturnRequest, by: Actor) -> ReturnRequest:
    return add_proofs(case, by, EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING)


def test_a_sum_entered_by_hand_where_none_was_known_is_approved(
    shop: Shop, aigerim: Actor, daulet: Actor
) -> None:
    limit_sums(shop)
    case = good_photos(make_case(shop, aigerim, amount_minor=None), aigerim)
    blocked(case.pk, Act.TAKE_FOR_INSPECTION, aigerim, "APPROVAL_NEEDED")
    for minor in (100, 200):
        note(case.pk, aigerim, amount_minor=minor)
        blocked(case.pk, Act.TAKE_FOR_INSPECTION, aigerim, "APPROVAL_NEEDED")
    requested = do(case.pk, Act.SEND_FOR_APPROVAL, aigerim)
    assert states() == [("SUM", "REQUESTED")]
    do(case.pk, Act.APPROVE, daulet, version=requested.version)
    assert do(case.pk, Act.TAKE_FOR_INSPECTION, aigerim).stage == Stage.IN_DELIVERY


def test_a_sum_stated_by_hand_is_judged_by_the_order_that_comes_later(
    shop: Shop, aigerim: Actor
) -> None:
    case = good_photos(make_case(shop, aigerim, amount_minor=100), aigerim)
    assert case.amount_by_hand
    sold(shop)
    requests_link(merchant_id=shop.id, store_id=shop.store.pk, by=system_actor("import"), now=NOW)
    now = ReturnRequest.objects.get(pk=case.pk)
    assert (now.amount_minor, now.amount_peak_minor) == (100, 90_000_000)
    assert not now.amount_by_hand
    limit_sums(shop)
    blocked(case.pk, Act.TAKE_FOR_INSPECTION, aigerim, "APPROVAL_NEEDED")


def test_a_sum_stated_below_the_orders_is_judged_by_the_orders(shop: Shop, aigerim: Actor) -> None:
    sold(shop)
    limit_sums(shop)
    case = good_photos(make_case(shop, aigerim, amount_minor=100), aigerim)
    assert (case.amount_by_hand, case.amount_peak_minor) == (False, 90_000_000)
    blocked(case.pk, Act.TAKE_FOR_INSPECTION, aigerim, "APPROVAL_NEEDED")


def two_lines(shop: Shop, dear: int, cheap: int) -> tuple[UUID, UUID]:
    lines = tuple(
        LineRecord(
            offer_code=code, name=name, quantity_milli=1000, price_minor=minor, total_minor=minor
        )
        for code, name, minor in (("TV", "Телевизор", dear), ("CABLE", "Кабель", cheap))
    )
    order = file_order(
        "700000001", total_minor=dear + cheap, lines=lines, status="ACCEPTED_BY_MERCHANT"
    )
    orders_merge(store=shop.store, records=[order], now=NOW)
    found = dict(OrderLine.objects.values_list("offer_code", "id"))
    return found["TV"], found["CABLE"]


def choose(pk: UUID, line_id: UUID, by: Actor, **values: Any) -> ReturnRequest:
    case = case_load(pk)
    assert case is not None
    return line_note(case=case, line_id=line_id, by=by, now=NOW, values=values)


def test_another_line_of_the_order_ends_the_approval_and_keeps_the_limit(
    shop: Shop, aigerim: Actor, daulet: Actor
) -> None:
    dear, cheap = two_lines(shop, SUM, 100)
    limit_sums(shop)
    case = damaged(shop, aigerim)
    choose(case.pk, dear, aigerim)
    requested = do(case.pk, Act.SEND_FOR_APPROVAL, aigerim)
    do(case.pk, Act.APPROVE, daulet, version=requested.version)
    assert states() == [("DAMAGE", "GIVEN"), ("SUM", "GIVEN")]
    now = choose(case.pk, cheap, aigerim)
    assert (now.amount_minor, now.amount_peak_minor, now.approval) == (100, SUM, "NONE")
    assert states() == [("DAMAGE", "VOIDED"), ("SUM", "VOIDED")]
    blocked(case.pk, Act.TAKE_FOR_INSPECTION, aigerim, "APPROVAL_NEEDED")


def test_the_amount_of_a_chosen_line_comes_from_the_order(shop: Shop, aigerim: Actor) -> None:
    _, cheap = two_lines(shop, SUM, 100)
    limit_sums(shop)
    case = good_photos(make_case(shop, aigerim, amount_minor=None), aigerim)
    now = choose(case.pk, cheap, aigerim)
    assert (now.amount_minor, now.amount_by_hand, now.amount_peak_minor) == (100, False, None)
    assert do(case.pk, Act.TAKE_FOR_INSPECTION, aigerim).stage == Stage.IN_DELIVERY


def test_a_line_noted_with_another_amount_is_judged_by_its_own(shop: Shop, aigerim: Actor) -> None:
    dear, _ = two_lines(shop, SUM, 100)
    limit_sums(shop)
    case = good_photos(make_case(shop, aigerim, amount_minor=None), aigerim)
    now = choose(case.pk, dear, aigerim, amount_minor=100)
    assert (now.amount_minor, now.amount_peak_minor) == (100, SUM)
    blocked(case.pk, Act.TAKE_FOR_INSPECTION, aigerim, "APPROVAL_NEEDED")


@pytest.mark.parametrize(
    "values",
    [
        {"amount_minor": 100},
        {"quality": "PROPER"},
        {"product_name": "Ноутбук"},
        {"category_title": "Ноутбуки"},
    ],
)
def test_a_clerk_notes_nothing_money_is_decided_by(
    shop: Shop, aigerim: Actor, values: dict[str, Any]
) -> None:
    clerk = actor(make_person("nurlan", (shop.id, Role.CLERK)), shop.id)
    case = damaged(shop, aigerim)
    before = stands(case.pk)
    with pytest.raises(ActBlocked) as no:
        note(case.pk, clerk, **values)
    assert (no.value.blocked.code, stands(case.pk)) == ("ROLE_NOT_ALLOWED", before)
    assert note(case.pk, clerk, inspection={"complete": True}).inspection == {"complete": True}


# --- the other stages: where no act rests on an approval, and where none can stand ---------------------------------


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
