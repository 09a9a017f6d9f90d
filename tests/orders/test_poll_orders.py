"""Orders are read over the API: new ones, those that may still change, and those a return is waiting for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection as database

from qaitar.connectors.kaspi_shop import schedule
from qaitar.contracts.marketplace import LineRecord, OrderPage, OrderRecord, RowRejected, Unread
from qaitar.contracts.outcome import Busy, Health, Healthy, Misconfigured, Missing, Unknown
from qaitar.flows.poll_orders import HISTORY, connection_poll
from qaitar.foundation.identity.actors import Actor
from qaitar.foundation.models import Connection
from qaitar.foundation.ops.jobs import within_walls
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.orders.models import ImportRejection, ImportRun, Order, OrderLine, Store
from qaitar.orders.services.merging import Counts
from qaitar.returns.services.intake import request_create
from tests.factories.accounts import NOW, Shop, make_shop
from tests.factories.orders import api_order
from tests.factories.returns import make_filing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qaitar.flows.poll_orders import Polled, Trouble

DAY = timedelta(days=1)


@dataclass
class Marketplace:
    """An order source over a list, with pages of two; it notes every call and that no transaction was open."""

    orders: list[OrderRecord] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    trouble: dict[str, Trouble] = field(default_factory=dict)
    lines_apart: bool = False
    states: tuple[str, ...] = ("NEW", "ARCHIVE")

    def _called(self, what: str) -> Trouble | None:
        assert not database.in_atomic_block, "network inside a transaction"
        self.calls.append(what)
        return self.trouble.get(what.split(maxsplit=1)[0])

    def windows(self, now: datetime, back_to: datetime) -> Iterator[tuple[datetime, datetime]]:
        return schedule.windows(now, back_to)

    def still_changes(self, order: OrderRecord, now: datetime) -> bool:
        return schedule.still_changes(order, now)

    def list_window(
        self, created_from: datetime, created_to: datetime, *, state: str | None, page: int = 0
    ) -> OrderPage | Trouble:
        if (trouble := self._called(f"list {state} {page}")) is not None:
            return trouble
        found = [
            order
            for order in self.orders
            if order.created_at is not None
            and created_from <= order.created_at <= created_to
            and order.state == state
        ]
        displayed = found[page * 2 : page * 2 + 2]
        if self.lines_apart:
            displayed = [api_order(o.code, created_at=o.created_at, lines=None) for o in displayed]
        return OrderPage(orders=tuple(displayed), page=page, page_count=-(-len(found) // 2))

    def by_code(self, code: str) -> OrderRecord | Missing | Trouble:
        if (trouble := self._called(f"code {code}")) is not None:
            return trouble
        return next((order for order in self.orders if order.code == code), Missing())

    def lines(self, external_id: str) -> tuple[LineRecord, ...] | Trouble:
        return self._called(f"lines {external_id}") or api_order().lines or ()

    def health(self, now: datetime) -> Health:
        return Healthy()


@dataclass(frozen=True)
class Polling:
    """A store with a connection and the marketplace behind it."""

    shop: Shop
    row: Connection
    market: Marketplace

    def poll(self, now: datetime = NOW, **limits: int) -> Polled:
        self.market.calls.clear()
        return connection_poll(self.row, self.market, now, **limits)

    def saved(self) -> Connection:
        with within_walls(self.shop.id):
            return Connection.objects.get()

    def codes(self) -> list[str]:
        with within_walls(self.shop.id):
            return sorted(Order.objects.values_list("code", flat=True))


@pytest.fixture
def polling(committed: Any) -> Polling:
    with within_walls():
        shop = make_shop()
        row = Connection.objects.create(
            id=new_id(),
            merchant_id=shop.id,
            system="kaspi_shop",
            store_id=shop.store.pk,
            name="Kaspi",
            created_at=NOW,
        )
    return Polling(shop, row, Marketplace())


def sold(code: str, days_ago: float, **reported: Any) -> OrderRecord:
    return api_order(code, created_at=NOW - timedelta(days=days_ago), **reported)


def test_the_first_run_walks_back_over_the_whole_history(polling: Polling) -> None:
    polling.market.orders = [sold("1", 0.1), sold("2", 20), sold("3", 179), sold("4", 181)]
    polled = polling.poll()
    assert polled.merged.rows == Counts(created=3)
    assert polling.codes() == ["1", "2", "3"]
    assert polled.pages == 2 * 13
    saved = polling.saved()
    assert (saved.health, saved.last_contact_at) == ("HEALTHY", NOW)
    assert saved.cursor["todo"] == []
    with within_walls(polling.shop.id):
        run = ImportRun.objects.get()
    assert (run.source, run.read, run.created) == ("API", 3, 3)


def test_a_run_is_bounded_and_the_next_goes_on_where_it_stopped(polling: Polling) -> None:
    polling.market.orders = [sold(str(n), n * 5) for n in range(30)]
    seen = 0
    for _ in range(20):
        polled = polling.poll(pages_max=5)
        assert polled.pages <= 5
        seen += polled.merged.orders.created
    assert seen == 30
    assert len(polling.codes()) == 30
    assert polling.saved().cursor["todo"] == []


def test_the_next_run_reads_only_what_is_new_and_writes_nothing_down_for_nothing(
    polling: Polling,
) -> None:
    polling.market.orders = [sold("1", 0.1, status="RETURNED")]
    polling.poll()
    polled = polling.poll(NOW + timedelta(minutes=10))
    assert polling.market.calls == ["list NEW 0", "list ARCHIVE 0"]
    assert polled.merged.rows.read == 0
    with within_walls(polling.shop.id):
        assert ImportRun.objects.count() == 1


def test_orders_that_may_still_change_are_read_again_after_a_while(polling: Polling) -> None:
    polling.market.orders = [
        sold("1", 100, status="CANCELLED"),
        sold("2", 40, state="NEW", status="APPROVED_BY_BANK"),
    ]
    polling.poll()
    polling.market.orders[1] = sold("2", 40, status="COMPLETED")
    soon = polling.poll(NOW + timedelta(hours=2))
    assert soon.merged.rows.read == 0
    polled = polling.poll(NOW + timedelta(hours=7))
    assert polled.merged.rows == Counts(updated=1)
    assert polled.pages == 4
    with within_walls(polling.shop.id):
        assert Order.objects.get(code="2").status == "COMPLETED"


def test_orders_of_open_returns_are_requested_for_by_number_once_a_day(polling: Polling) -> None:
    by = Actor(1, "Aigerim", Role.OPERATOR, "web")
    with within_walls(polling.shop.id):
        for number in ("700000001-1", "700000002-1"):
            request_create(
                filing=make_filing(polling.shop, number),
                by=by,
                merchant_id=polling.shop.id,
                now=NOW,
            )
    polling.market.orders = [sold("700000001", 400)]
    polling.poll()
    assert polling.market.calls[-2:] == ["code 700000001", "code 700000002"]
    assert polling.codes() == ["700000001"]
    polling.poll(NOW + timedelta(hours=1))
    assert [call for call in polling.market.calls if call.startswith("code")] == []
    polling.market.orders.append(sold("700000002", 400))
    polling.poll(NOW + DAY)
    assert polling.codes() == ["700000001", "700000002"]


def test_lines_left_out_of_a_list_are_requested_for_once(polling: Polling) -> None:
    polling.market.lines_apart = True
    polling.market.orders = [sold("1", 1)]
    polling.poll()
    assert [c for c in polling.market.calls if c.startswith("lines")] == ["lines id-1"]
    with within_walls(polling.shop.id):
        assert OrderLine.objects.count() == 1
    polling.poll(NOW + timedelta(hours=7))
    assert [c for c in polling.market.calls if c.startswith("lines")] == []


@pytest.mark.parametrize(
    ("trouble", "state"),
    [
        (Busy("wait"), "BUSY"),
        (Unknown("half an answer"), "UNKNOWN"),
        (Misconfigured("no", "mend"), "MISCONFIGURED"),
    ],
)
def test_trouble_stops_the_run_is_reported_and_loses_nothing(
    polling: Polling, trouble: Trouble, state: str
) -> None:
    polling.market.orders = [sold("1", 1), sold("2", 100)]
    polling.market.trouble["list"] = trouble
    polled = polling.poll()
    assert (polled.trouble, polled.pages) == (trouble, 1)
    assert polling.saved().health == state
    assert polling.codes() == []
    polling.market.trouble.clear()
    polling.poll(NOW + timedelta(minutes=5))
    assert polling.codes() == ["1", "2"]
    assert polling.saved().health == "HEALTHY"


def test_a_busy_answer_about_lines_has_the_page_read_again(polling: Polling) -> None:
    polling.market.lines_apart = True
    polling.market.orders = [sold("1", 1)]
    polling.market.trouble["lines"] = Busy("wait")
    assert polling.poll().trouble == Busy("wait")
    polling.market.trouble.clear()
    polling.poll(NOW + timedelta(minutes=5))
    with within_walls(polling.shop.id):
        assert OrderLine.objects.count() == 1


def test_lines_that_cannot_be_read_are_reported_in_the_health(polling: Polling) -> None:
    polling.market.lines_apart = True
    polling.market.orders = [sold("1", 1)]
    polling.market.trouble["lines"] = Unknown("odd")
    assert polling.poll().without_lines == 1
    assert polling.codes() == ["1"]
    saved = polling.saved()
    assert (saved.health, saved.health_detail) == (
        "HEALTHY",
        "Orders whose lines could not be read: 1.",
    )


def test_an_absence_longer_than_a_window_leaves_no_gap(polling: Polling) -> None:
    polling.poll()
    later = NOW + timedelta(days=40)
    polling.market.orders = [
        api_order(str(n), created_at=NOW + timedelta(days=n)) for n in range(1, 40)
    ]
    polling.poll(later)
    assert len(polling.codes()) == 39
    assert timedelta(days=180) == HISTORY


def test_rejected_resources_are_written_down(polling: Polling) -> None:
    refused = RowRejected(row_number=1, reason_code="no_code", reason="An order without a number.")

    def odd(*_: Any, **__: Any) -> OrderPage:
        return OrderPage(orders=(), page=0, page_count=1, rejected=(refused,))

    polling.market.list_window = odd  # type: ignore[method-assign]  # this marketplace answers oddly
    polled = polling.poll(pages_max=1)
    assert polled.merged.rows == Counts(rejected=1)
    with within_walls(polling.shop.id):
        assert ImportRun.objects.get().rejected == 1


def own_number(polling: Polling, number: str) -> None:
    with within_walls(polling.shop.id):
        Store.objects.filter(pk=polling.shop.store.pk).update(external_id=number)


def another_store(polling: Polling, number: str) -> Store:
    with within_walls(polling.shop.id):
        return Store.objects.create(
            id=new_id(),
            merchant_id=polling.shop.id,
            name="Second",
            external_id=number,
            created_at=NOW,
        )


def test_an_order_of_another_store_of_the_merchant_goes_there(polling: Polling) -> None:
    own_number(polling, "30000001")
    second = another_store(polling, "30000002")
    polling.market.orders = [
        sold("1", 1, pickup_point="30000001_PP1"),
        sold("2", 1, pickup_point="30000002_PP1"),
        sold("3", 1, pickup_point=None),
    ]
    polled = polling.poll()
    assert polled.merged.orders == Counts(created=3)
    with within_walls(polling.shop.id):
        stored = dict(Order.objects.values_list("code", "store_id"))
        runs = dict(ImportRun.objects.values_list("store_id", "created"))
        lined = OrderLine.objects.filter(order_id=Order.objects.get(code="2").pk).count()
    own = polling.shop.store.pk
    assert stored == {"1": own, "2": second.pk, "3": own}
    assert runs == {own: 2, second.pk: 1}
    assert lined == 1
    assert polling.saved().health == "HEALTHY"


def test_an_order_of_a_foreign_shop_is_refused_by_name_with_both_numbers(polling: Polling) -> None:
    own_number(polling, "30000001")
    polling.market.lines_apart = True
    polling.market.orders = [sold("1", 1), sold("2", 1, pickup_point="30000009_PP1")]
    foreign = api_order("2", created_at=NOW, lines=None, pickup_point="30000009_PP1")

    def listed(*_: Any, **__: Any) -> OrderPage:
        return OrderPage(orders=(foreign,), page=0, page_count=1)

    polling.market.list_window = listed  # type: ignore[method-assign]  # this marketplace answers for another shop
    polled = polling.poll(pages_max=1)
    sentence = f"Order 2 belongs to the shop 30000009; the store {polling.shop.store.name} is the shop 30000001."
    assert (polled.merged.rows, polled.foreign) == (Counts(rejected=1), [sentence])
    assert polling.codes() == []
    assert not [call for call in polling.market.calls if call.startswith("lines")]
    with within_walls(polling.shop.id):
        refused = ImportRejection.objects.get()
    assert (refused.reason_code, refused.reason) == ("foreign_shop", sentence)
    saved = polling.saved()
    assert (saved.health, saved.health_detail) == (
        "REFUSED",
        f"Orders of another shop, refused: 1. {sentence}",
    )


def test_the_number_the_shop_is_requested_by_is_its_own_where_no_other_is_entered(
    polling: Polling,
) -> None:
    with within_walls(polling.shop.id):
        Connection.objects.update(settings={"merchant_uid": " 30000001 "})
        Store.objects.update(external_id="")
    polling.market.orders = [
        sold("1", 1, pickup_point="30000001_PP1"),
        sold("2", 1, pickup_point="30000009_PP1"),
    ]
    assert len(polling.poll().foreign) == 1
    assert polling.codes() == ["1"]


def test_a_foreign_order_a_return_asks_for_is_not_requested_for_again_at_once(
    polling: Polling,
) -> None:
    own_number(polling, "30000001")
    by = Actor(1, "Aigerim", Role.OPERATOR, "web")
    with within_walls(polling.shop.id):
        request_create(
            filing=make_filing(polling.shop, "1000000001-1"),
            by=by,
            merchant_id=polling.shop.id,
            now=NOW,
        )
    polling.market.orders = [sold("1000000001", 400, pickup_point="30000009_PP1")]
    assert len(polling.poll().foreign) == 1
    assert polling.market.calls[-1] == "code 1000000001"
    polling.poll(NOW + timedelta(hours=1))
    assert not [call for call in polling.market.calls if call.startswith("code")]
    assert polling.codes() == []


def test_a_value_that_cannot_be_read_is_named_and_the_order_is_stored(polling: Polling) -> None:
    odd = Unread("totalPrice", "unread", "13 million")
    polling.market.orders = [sold("1", 1, total_minor=None, unread=(odd,))]
    polled = polling.poll()
    assert (polled.merged.orders, polled.unread) == (Counts(created=1), 1)
    with within_walls(polling.shop.id):
        named = ImportRejection.objects.get()
        run = ImportRun.objects.get()
    assert (named.reason_code, named.reason) == (
        "value_unread",
        "Order 1 was taken without «totalPrice»: 13 million cannot be read.",
    )
    assert (run.read, run.created, run.rejected) == (1, 1, 0)
    assert polling.saved().health_detail == "Orders with a value that could not be read: 1."
    polling.poll(NOW + timedelta(hours=7))
    with within_walls(polling.shop.id):
        assert ImportRun.objects.count() == 1, "named once, as long as nothing changes"
