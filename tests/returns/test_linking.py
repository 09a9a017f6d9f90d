"""A request may be known before its order: the order fills the case when it comes in."""

from __future__ import annotations

from qaitar.contracts.marketplace import ReturnReading, Section
from qaitar.foundation.identity.actors import system_actor
from qaitar.foundation.models import JournalEntry
from qaitar.foundation.records.search import find_subjects
from qaitar.orders.services.merging import orders_merge
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.linking import requests_link
from tests.factories.accounts import NOW, make_shop
from tests.factories.orders import api_order
from tests.factories.returns import look


def test_an_order_that_comes_later_fills_the_case_and_makes_it_findable(db_walls: None) -> None:
    shop = make_shop()
    order = api_order("700000001")
    look(
        shop,
        NOW,
        ReturnReading(number="700000001-1", section=Section.NEW, product_name="Как в кабинете"),
    )
    by = system_actor("import")
    assert requests_link(merchant_id=shop.id, store_id=shop.store.pk, by=by, now=NOW) == 0
    orders_merge(store=shop.store, records=[order], now=NOW)
    assert requests_link(merchant_id=shop.id, store_id=shop.store.pk, by=by, now=NOW) == 1
    case = ReturnRequest.objects.get()
    assert case.order_id is not None
    assert case.product_name == "Как в кабинете"
    assert case.customer_name == "Оксана П."
    assert find_subjects([shop.id], case.customer_phone[-10:], 5) == [case.pk]
    assert list(JournalEntry.objects.order_by("seq").values_list("act", flat=True)) == [
        "CREATE",
        "LINK_ORDER",
    ]
    assert requests_link(merchant_id=shop.id, store_id=shop.store.pk, by=by, now=NOW) == 0
