"""Orders are counted on the day they have where the seller is, by the program's own zone data."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qaitar.kernel.ids import new_id
from qaitar.kernel.zones import zone
from qaitar.orders.issued import orders_by_day
from qaitar.orders.models import Order
from tests.factories.accounts import make_shop

if TYPE_CHECKING:
    from tests.factories.accounts import Shop

SINCE = datetime(2023, 1, 1, tzinfo=UTC)
MOMENTS = [
    datetime(2023, 12, 31, 17, 59, tzinfo=UTC),
    datetime(2023, 12, 31, 18, 0, tzinfo=UTC),
    datetime(2024, 2, 29, 17, 59, tzinfo=UTC),
    datetime(2024, 2, 29, 18, 30, tzinfo=UTC),
    datetime(2024, 2, 29, 19, 0, tzinfo=UTC),
    datetime(2026, 5, 14, 18, 30, tzinfo=UTC),
    datetime(2026, 5, 14, 19, 0, tzinfo=UTC),
]


@pytest.fixture
def shop(db_walls: None) -> Shop:
    return make_shop()


def sold(shop: Shop, **reported: Any) -> None:
    key = new_id()
    Order.objects.create(
        id=key, merchant_id=shop.id, store_id=shop.store.pk, code=str(key.int)[-9:], total_minor=1,
        created_at=SINCE, updated_at=SINCE, **reported
    )  # fmt: skip


@pytest.mark.parametrize("name", ["Asia/Almaty", "Europe/Moscow", "Asia/Kolkata"])
def test_the_day_is_the_local_one_on_both_sides_of_a_change(shop: Shop, name: str) -> None:
    for at in MOMENTS:
        sold(shop, ordered_at=at, status="COMPLETED", delivered_at=at)
    expected = Counter(at.astimezone(zone(name)).date() for at in MOMENTS)
    with CaptureQueriesContext(
        connection,
    ) as requested:
        reported = orders_by_day(shop.id, name, SINCE)
    for what in ("PLACED", "ISSUED"):
        assert {each.day: each.count for each in reported if each.what == what} == expected
    assert [query["sql"] for query in requested if name in query["sql"]] == []


def test_an_issued_order_without_its_day_counts_on_the_planned_one(shop: Shop) -> None:
    ordered, planned = MOMENTS[5], datetime(2026, 5, 15, 18, 59, tzinfo=UTC)
    sold(shop, ordered_at=ordered, status="COMPLETED", planned_delivery_at=planned)
    reported = {each.what: each.day for each in orders_by_day(shop.id, "Asia/Almaty", SINCE)}
    assert reported == {"PLACED": date(2026, 5, 14), "ISSUED": date(2026, 5, 15)}
