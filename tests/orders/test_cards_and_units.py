"""An order's card in three statements, and the units noted on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qaitar.foundation.identity.actors import Actor
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.orders.errors import BadUnit, OrderMissing
from qaitar.orders.models import Order, Unit
from qaitar.orders.selectors import order_card
from qaitar.orders.services.merging import orders_merge
from qaitar.orders.services.units import UnitKind, unit_note
from tests.factories.accounts import NOW, make_shop, open_walls
from tests.factories.orders import api_order

if TYPE_CHECKING:
    from uuid import UUID

    from pytest_django import DjangoAssertNumQueries

    from tests.factories.accounts import Shop

BY = Actor(1, "Aigerim", Role.OPERATOR, "web")
IMEI = "490154203237518"


@pytest.fixture
def shop(db_walls: None) -> Shop:
    return make_shop()


@pytest.fixture
def order(shop: Shop) -> Order:
    orders_merge(store=shop.store, records=[api_order()], now=NOW)
    return Order.objects.get(store_id=shop.store.pk, code="300000001")


def note(order_id: UUID, kind: UnitKind, value: str, line_id: UUID | None = None) -> Unit:
    return unit_note(order_id=order_id, kind=kind, value=value, by=BY, now=NOW, line_id=line_id)[0]


def test_a_card_has_everything_in_three_statements(
    order: Order, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    note(order.pk, UnitKind.IMEI, IMEI)
    with django_assert_num_queries(3):
        card = order_card(order.pk)
    assert card is not None
    assert card.order == order
    assert card.customer is not None
    assert (card.customer.name, card.customer.phone) == ("Оксана П.", "+77012345678")
    assert [line.offer_code for line in card.lines] == ["SKU-1"]
    assert [(t.kind, t.amount_minor) for t in card.tenders] == [("CARD", 11_999_000)]
    assert [unit.value for unit in card.units] == [IMEI]


def test_another_merchants_order_has_no_card(order: Order) -> None:
    make_shop("Нан")
    assert order_card(order.pk) is None
    with pytest.raises(OrderMissing):
        note(order.pk, UnitKind.IMEI, IMEI)
    open_walls(order.merchant_id)
    assert Unit.objects.count() == 0


def test_a_unit_noted_again_is_the_same_unit(order: Order) -> None:
    first = note(order.pk, UnitKind.IMEI, "49-015420-323751-8")
    assert (first.value, first.noted_by_name) == (IMEI, "Aigerim")
    assert note(order.pk, UnitKind.IMEI, IMEI).pk == first.pk
    assert Unit.objects.count() == 1


def test_a_marking_code_keeps_its_separators(order: Order) -> None:
    code = "0104600000000000215abc\x1d93xyz"
    assert note(order.pk, UnitKind.MARKING, f" {code}\n").value == code


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        (UnitKind.IMEI, "490154203237519", "IMEI_WRONG"),
        (UnitKind.IMEI, "12345", "IMEI_WRONG"),
        (UnitKind.IMEI, "\x00", "EMPTY"),
        (UnitKind.SERIAL, " \n ", "EMPTY"),
        (UnitKind.SERIAL, "x" * 121, "TOO_LONG"),
    ],
)
def test_a_wrong_number_is_refused_and_nothing_noted(
    order: Order, kind: UnitKind, value: str, code: str
) -> None:
    with pytest.raises(BadUnit) as refused:
        note(order.pk, kind, value)
    assert refused.value.code == code
    assert Unit.objects.count() == 0


def test_a_unit_of_a_foreign_line_is_refused(order: Order) -> None:
    with pytest.raises(BadUnit, match="LINE_UNKNOWN"):
        note(order.pk, UnitKind.SERIAL, "S1", new_id())
    assert Unit.objects.count() == 0
