"""Filings of one order line together bring back no more than was sold, and each is tied to its own line."""

from __future__ import annotations

from typing import Any

import pytest

from qaitar.contracts.marketplace import Section
from qaitar.foundation.identity.actors import Actor
from qaitar.foundation.models import JournalEntry, PlannedEffect
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.orders.models import Order, OrderLine
from qaitar.returns.errors import ActBlocked
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import case_load
from qaitar.returns.rules.case_evaluation import evaluate_case
from qaitar.returns.rules.claims import OrderFiling, Sold, too_much
from qaitar.returns.services.linking import requests_link
from qaitar.returns.services.perform_act import (
    Details,
    request_act,
    request_act_many,
    request_preview_many,
)
from qaitar.returns.vocabulary import Act, RefusalReason, Stage
from tests.factories.accounts import NOW, Shop, actor, make_person
from tests.factories.returns import arrive, look, make_case, take
from tests.returns.test_mirroring import new

KETTLE = {"offer_code": "K-1", "name": "Чайник", "total_minor": 1_000_000, "quantity_milli": 1000}
IRON = {"offer_code": "I-1", "name": "Утюг", "total_minor": 700_000, "quantity_milli": 1000}
CUPS = {"offer_code": "C-3", "name": "Чашка", "total_minor": 300_000, "quantity_milli": 3000}


def sell(shop: Shop, *lines: dict[str, Any], code: str = "1000000001") -> Order:
    order = Order.objects.create(
        id=new_id(), merchant_id=shop.id, store_id=shop.store.pk, code=code, status="COMPLETED", delivered_at=NOW,
        total_minor=sum(line["total_minor"] for line in lines), digest=b"", created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    for number, line in enumerate(lines):
        OrderLine.objects.create(
            id=new_id(), merchant_id=shop.id, order_id=order.pk, key=str(number), number=number, **line
        )  # fmt: skip
    return order


def filed(shop: Shop, by: Actor, attempt: int, **reported: Any) -> ReturnRequest:
    bare: dict[str, Any] = {"product_name": "", "amount_minor": None}
    return make_case(shop, by, f"1000000001-{attempt}", **{**bare, **reported})


def line_name(case: ReturnRequest) -> str | None:
    return OrderLine.objects.get(pk=case.line_id).name if case.line_id else None


def grounds(case: ReturnRequest) -> dict[str, dict[str, Any]]:
    loaded = case_load(case.pk)
    assert loaded is not None
    return {g.code: dict(g.params) for g in evaluate_case(loaded, NOW).verdict.grounds}


def blocked(case: ReturnRequest, act: Act, by: Actor) -> tuple[str, dict[str, Any]]:
    """The act is refused, and nothing happens."""
    before = JournalEntry.objects.count(), PlannedEffect.objects.count()
    with pytest.raises(ActBlocked) as no:
        request_act(request_id=case.pk, act=act, by=by, now=NOW)
    assert (JournalEntry.objects.count(), PlannedEffect.objects.count()) == before
    return no.value.blocked.code, dict(no.value.blocked.params)


def test_a_second_filing_of_the_kettle_is_stopped_with_the_first_next_to_it(
    shop: Shop, aigerim: Actor
) -> None:
    sell(shop, KETTLE)
    take(filed(shop, aigerim, 1), aigerim)
    second = filed(shop, aigerim, 2)
    reported = blocked(second, Act.TAKE_FOR_INSPECTION, aigerim)
    assert reported == ("MORE_THAN_SOLD", {"numbers": "1000000001-1"})
    found = grounds(second)
    assert found["MORE_THAN_SOLD"] == {"numbers": "1000000001-1", "back": "2", "sold": "1"}
    assert found["FILED_AGAIN"] == {"attempt": 2}
    assert "MORE_THAN_SOLD" not in grounds(ReturnRequest.objects.get(attempt=1))


def test_money_given_back_once_is_not_given_back_again(shop: Shop, aigerim: Actor) -> None:
    sell(shop, KETTLE)
    first, second = filed(shop, aigerim, 1), filed(shop, aigerim, 2)
    look(shop, NOW, new("1000000001-2", section=Section.IN_DELIVERY))  # silence accepted it
    arrive(second, aigerim)
    request_act(
        request_id=arrive(take_again(first, shop), aigerim).pk,
        act=Act.GRANT_REFUND,
        by=aigerim,
        now=NOW,
    )
    reported = blocked(second, Act.GRANT_REFUND, aigerim)
    assert reported == ("MORE_THAN_SOLD", {"numbers": "1000000001-1"})


def take_again(case: ReturnRequest, shop: Shop) -> ReturnRequest:
    look(shop, NOW, new(case.number, section=Section.IN_DELIVERY))
    return ReturnRequest.objects.get(pk=case.pk)


def test_filed_again_after_a_refusal_is_a_repeat_and_may_be_accepted(
    shop: Shop, aigerim: Actor
) -> None:
    sell(shop, KETTLE)
    first = filed(shop, aigerim, 1, reason_code="", reason_text="Брак")
    request_act(request_id=first.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=NOW)
    details = Details(reason=RefusalReason.SENT_FOR_ACT)
    request_act(request_id=first.pk, act=Act.REFUSE, by=aigerim, now=NOW, details=details)
    second = filed(shop, aigerim, 2)
    assert grounds(second)["FILED_AGAIN"] == {"attempt": 2}
    assert take(second, aigerim).stage == Stage.IN_DELIVERY


def test_a_second_item_of_the_order_is_no_repeat_and_may_be_accepted(
    shop: Shop, aigerim: Actor
) -> None:
    sell(shop, KETTLE, IRON)
    take(filed(shop, aigerim, 1, product_sku="K-1"), aigerim)
    second = filed(shop, aigerim, 2, product_sku="I-1")
    assert not {"FILED_AGAIN", "MORE_THAN_SOLD"} & grounds(second).keys()
    assert take(second, aigerim).stage == Stage.IN_DELIVERY


def test_of_several_pieces_each_may_come_back_once(shop: Shop, aigerim: Actor) -> None:
    sell(shop, CUPS)
    first = filed(shop, aigerim, 1, quantity_milli=2000)
    assert first.amount_minor == 200_000
    take(first, aigerim)
    assert take(filed(shop, aigerim, 2, quantity_milli=1000), aigerim).stage == Stage.IN_DELIVERY
    code, params = blocked(
        filed(shop, aigerim, 3, quantity_milli=1000), Act.TAKE_FOR_INSPECTION, aigerim
    )
    assert (code, params) == ("MORE_THAN_SOLD", {"numbers": "1000000001-1, 1000000001-2"})


def test_sums_together_do_not_exceed_the_line(shop: Shop, aigerim: Actor) -> None:
    sell(shop, CUPS)
    take(filed(shop, aigerim, 1, quantity_milli=1000, amount_minor=250_000), aigerim)
    second = filed(shop, aigerim, 2, quantity_milli=1000, amount_minor=50_001)
    assert blocked(second, Act.TAKE_FOR_INSPECTION, aigerim)[0] == "MORE_THAN_SOLD"
    third = filed(shop, aigerim, 3, quantity_milli=1000, amount_minor=50_000)
    assert take(third, aigerim).stage == Stage.IN_DELIVERY


def test_two_filings_of_one_kettle_chosen_together_bring_back_one(
    shop: Shop, aigerim: Actor
) -> None:
    sell(shop, KETTLE)
    chosen = [filed(shop, aigerim, n, quality=None).pk for n in (1, 2)]
    daulet = actor(make_person("daulet", (shop.id, Role.SENIOR)), shop.id)
    for pk in chosen:
        sent = request_act(request_id=pk, act=Act.SEND_FOR_APPROVAL, by=aigerim, now=NOW)
        seen = Details(expected_version=sent.request.version)
        request_act(request_id=pk, act=Act.APPROVE, by=daulet, now=NOW, details=seen)
    given = {
        "act": Act.TAKE_FOR_INSPECTION,
        "actors": {shop.id: aigerim},
        "now": NOW,
        "details": Details(),
    }
    would, would_not = request_preview_many(ids=chosen, **given)  # type: ignore[arg-type]
    assert [r.number for r, _ in would] == ["1000000001-1"]
    assert [(r.number, no.code) for r, no in would_not] == [("1000000001-2", "MORE_THAN_SOLD")]
    reported = request_act_many(ids=chosen, **given)  # type: ignore[arg-type]
    assert [number for _, number in reported.done] == ["1000000001-1"]
    assert [(number, no.code) for _, number, no in reported.refused] == [
        ("1000000001-2", "MORE_THAN_SOLD")
    ]


@pytest.mark.parametrize(
    ("reported", "name", "amount"),
    [
        ({"product_sku": "I-1"}, "Утюг", 700_000),
        ({"product_sku": "i-1 "}, "Утюг", 700_000),
        ({"product_sku": "137957097"}, "Утюг", 700_000),
        ({"product_name": "утюг белый 5"}, "Утюг", 700_000),
        ({"product_name": "Чайник"}, "Чайник", 1_000_000),
        ({"amount_minor": 700_000}, "Утюг", 700_000),
        ({"product_sku": "K-1", "amount_minor": 700_000}, "Чайник", 700_000),
        ({}, None, None),
        ({"product_sku": "X-9"}, None, None),
        ({"product_sku": "K-1", "product_name": "Утюг"}, None, None),
        ({"amount_minor": 1_700_000}, None, 1_700_000),
    ],
)
def test_the_line_is_found_by_article_and_name_and_only_then_by_price(
    shop: Shop, aigerim: Actor, reported: dict[str, Any], name: str | None, amount: int | None
) -> None:
    iron = {**IRON, "own_name": "Утюг белый 5", "product_code": "137957097"}
    sell(shop, KETTLE, iron)
    case = filed(shop, aigerim, 1, **reported)
    assert (line_name(case), case.amount_minor) == (name, amount)
    ReturnRequest.objects.all().update(order_id=None, line_id=None)
    assert requests_link(merchant_id=shop.id, store_id=shop.store.pk, by=aigerim, now=NOW) == 1
    again = ReturnRequest.objects.get()
    assert (line_name(again), again.amount_minor) == (name, amount)


def test_a_price_two_lines_have_chooses_none(shop: Shop, aigerim: Actor) -> None:
    sell(shop, KETTLE, {**IRON, "total_minor": 1_000_000})
    assert filed(shop, aigerim, 1, amount_minor=1_000_000).line_id is None


@pytest.mark.parametrize(
    ("other", "over"),
    [
        ({"stage": "REFUSED"}, False),
        ({"stage": "CLOSED", "outcome": "REFUSED"}, False),
        ({"stage": "CLOSED", "outcome": "WITHDRAWN"}, False),
        ({"stage": "CLOSED", "outcome": "NEVER_ARRIVED"}, False),
        ({"stage": "CLOSED", "outcome": "DISPUTE_WON"}, False),
        ({"stage": "NEW"}, False),
        ({"stage": "IN_DELIVERY"}, True),
        ({"stage": "ARRIVED"}, True),
        ({"stage": "DISPUTED"}, True),
        ({"stage": "REFUND_GRANTED"}, True),
        ({"stage": "CLOSED", "outcome": "REFUNDED"}, True),
        ({"stage": "CLOSED", "outcome": "MARKETPLACE_REFUNDED"}, True),
        ({"stage": "CLOSED", "outcome": "DISPUTE_LOST"}, True),
        ({"stage": "IN_DELIVERY", "sku": "other"}, False),
    ],
)
def test_what_counts_as_coming_back(other: dict[str, Any], over: bool) -> None:
    mine = OrderFiling(number="1-2", attempt=2, stage="NEW", sku="K-1")
    first = OrderFiling(**{"number": "1-1", "attempt": 1, "sku": "K-1", **other})
    assert (too_much(mine, [first], Sold(1000, None)) is not None) is over
    assert too_much(mine, [first], Sold(2000, None)) is None


def test_an_item_of_an_order_nobody_read_is_flagged_and_not_stopped(
    shop: Shop, aigerim: Actor
) -> None:
    take(filed(shop, aigerim, 1, product_sku="K-1"), aigerim)
    second = filed(shop, aigerim, 2, product_sku="K-1")
    assert grounds(second)["ITEM_COMES_BACK_ALREADY"] == {"numbers": "1000000001-1"}
    assert take(second, aigerim).stage == Stage.IN_DELIVERY
