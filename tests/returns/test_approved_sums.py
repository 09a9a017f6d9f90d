"""A sum is approved as it was seen; it comes from the order, and a correction by hand is itself approved."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from qaitar.contracts.marketplace import LineRecord
from qaitar.foundation.identity.actors import Actor, system_actor
from qaitar.kernel.roles import Role
from qaitar.orders.models import OrderLine
from qaitar.orders.services.merging import orders_merge
from qaitar.returns.errors import ActBlocked
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import case_load
from qaitar.returns.services.linking import requests_link
from qaitar.returns.services.order_line import line_note
from qaitar.returns.vocabulary import Act, EvidenceKind, Stage
from tests.factories.accounts import NOW, Shop, actor, make_person
from tests.factories.orders import file_order
from tests.factories.returns import add_proofs, make_case
from tests.returns.approving import (
    SUM,
    blocked,
    damaged,
    do,
    limit_sums,
    note,
    stands,
    states,
)


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
