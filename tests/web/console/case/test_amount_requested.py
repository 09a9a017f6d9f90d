"""The export tells one sum for several goods: the case asks what the goods cost instead of showing a guess."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from django.utils import translation

from qaitar.foundation.models import JournalEntry
from qaitar.orders.models import Order
from qaitar.orders.services.merging import orders_merge
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.intake import received_day
from qaitar.web.console.labels.sale import CANCEL_REASONS, cancel_reason_words
from tests.factories.accounts import NOW, Shop, open_walls
from tests.factories.orders import file_order
from tests.web.console.desk import versioned, words_of

if TYPE_CHECKING:
    from django.test import Client

    from qaitar.contracts.marketplace import LineRecord

pytestmark = pytest.mark.usefixtures("clock")


def line(n: int, **reported: object) -> LineRecord:
    [made] = file_order().lines or ()

    return replace(
        made,
        offer_code=f"SKU-{n}",
        name=f"Футболка {n}",
        price_minor=None,
        total_minor=None,
        **reported,
    )  # type: ignore[arg-type]  # fields by their names


@pytest.fixture
def order(shop: Shop) -> Order:
    record = file_order("700000201", total_minor=38_940_00, lines=(line(1), line(2)), tenders=())
    orders_merge(store=shop.store, records=[record], now=NOW)
    return Order.objects.get()


def opened(client: Client, shop: Shop, **reported: str) -> ReturnRequest:
    first = client.post("/returns/new", {"number": "700000201", "store": str(shop.store.pk)})
    form = {name: first.context["form"][name].value() for name in ("number", "store", "seen")}
    answer = client.post("/returns/new", {**form, **reported})
    assert answer.status_code == 303, answer.context["form"].errors
    open_walls(shop.id)
    return ReturnRequest.objects.get()


@pytest.mark.usefixtures("order")
def test_the_new_form_asks_for_the_amount_and_keeps_it_to_the_tiyn(
    shop: Shop, client: Client
) -> None:
    page = client.get("/returns/new", {"number": "700000201", "store": str(shop.store.pk)})
    assert "amount" in page.context["form"].fields
    facts = {fact.label: fact.value for fact in page.context["page"].found}
    assert facts["Сумма"] == "неизвестно"
    assert "38" not in "".join(facts.values())
    case = opened(client, shop, amount="6490,50")
    assert case.amount_minor == 6_490_50


@pytest.mark.usefixtures("order")
def test_the_card_says_not_known_and_asks_until_somebody_knows(shop: Shop, client: Client) -> None:
    case = opened(client, shop)
    assert case.amount_minor is None
    card = client.get(f"/returns/{case.pk}")
    assert card.context["case"].amount.minor is None
    assert "amount" in card.context["case"].known.form.fields
    [total] = [each for each in card.context["case"].money if each.cell.minor == 38_940_00]
    assert [each.minor for each in total.cell.lines] == [None, None]
    assert "0,00 ₸" not in words_of(card)
    noted = client.post(f"/returns/{case.pk}/note", versioned(case, {"amount": "6490"}))
    assert noted.status_code in {200, 303}
    open_walls(shop.id)
    assert ReturnRequest.objects.get().amount_minor == 6_490_00
    entry = JournalEntry.objects.get(act="NOTE")
    assert (entry.before["amount_minor"], entry.after["amount_minor"]) == (None, 6_490_00)
    card = client.get(f"/returns/{case.pk}")
    assert "amount" not in card.context["case"].known.form.fields


@pytest.mark.usefixtures("order")
def test_an_order_known_whole_asks_nothing(shop: Shop, client: Client) -> None:
    orders_merge(store=shop.store, records=[file_order("700000202")], now=NOW)
    page = client.get("/returns/new", {"number": "700000202", "store": str(shop.store.pk)})
    assert "amount" not in page.context["form"].fields


def test_a_line_handed_out_is_received_on_its_own_day() -> None:
    order = {"status": "ACCEPTED_BY_MERCHANT", "delivered_at": None}
    assert received_day(order) is None
    mine = {"status": "COMPLETED", "status_changed_on": "2025-08-05"}
    assert received_day(order, mine) == date(2025, 8, 5)


PRINTED = (
    *(
        f"Отменен покупателем ({own})"
        for own in (
            "Передумал покупать",
            "Размер мне не подходит",
            "Другое",
            "Сроки доставки изменились",
            "Товар не соответствует описанию/фото",
            "Не успеваю забрать/получить товар (уезжаю)",
            "Продавец попросил отменить",
        )
    ),
    "Клиент не забрал заказ",
    "Отменён покупателем",
)


@pytest.mark.parametrize("reason", [*CANCEL_REASONS, *PRINTED])
def test_why_an_order_was_cancelled_is_stated_in_the_readers_language(reason: str) -> None:
    stated = set()
    for language in ("ru", "kk", "en"):
        with translation.override(language):
            stated.add(cancel_reason_words(reason))
    assert len(stated) == 3
    assert reason not in stated


def test_the_card_tells_why_the_order_was_cancelled(shop: Shop, client: Client) -> None:
    record = file_order("700000201", status="CANCELLED", cancellation_reason="TIMEOUT_BUYER_PICKUP")
    orders_merge(store=shop.store, records=[record], now=NOW)
    case = opened(client, shop)
    facts = {
        fact.label: fact.value
        for fact in client.get(f"/returns/{case.pk}").context["case"].order_facts
    }
    assert facts["Причина отмены"] == "покупатель не забрал вовремя"
