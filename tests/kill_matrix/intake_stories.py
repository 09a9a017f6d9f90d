"""What comes in by itself: orders and requests read from the marketplace, long exports, what the cabinet showed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from qaitar.flows.import_later import import_later
from qaitar.flows.import_orders import OrdersUpload, orders_file_take
from qaitar.flows.poll_orders import PollPlace
from qaitar.flows.take_cabinet import cabinet_take
from qaitar.foundation.connections.systems import Entered, connection_save
from qaitar.foundation.models import Connection, RawIntake
from qaitar.foundation.ops.jobs import job_defer, within_walls
from qaitar.orders.models import ImportRun, Order, OrderLine
from qaitar.returns.models import ReturnRequest
from qaitar.sandbox.kaspi.ledger import BuyerClaim, SoldOrder
from tests.factories.accounts import open_walls
from tests.factories.orders import export_csv, export_rows
from tests.kill_matrix.story import EFFECTS, Story, unlike

if TYPE_CHECKING:
    from tests.kill_matrix.world import World

ORDERS_SWEEP: Final = "qaitar.flows.tasks.orders_sweep"
CABINETS_SWEEP: Final = "qaitar.flows.tasks.cabinets_sweep"
DETAIL: Final = {
    "applicationNumber": "700000009-1",
    "refundId": "R9",
    "orderCode": "700000009",
    "productName": "Чайник",
}


def seen_body(world: World) -> bytes:
    """Write what a cabinet shows of one request, with something of this seed in it."""
    return json.dumps([{**DETAIL, "amount": world.dice.randint(1, 99_999)}]).encode()


def one_reading(world: World, body: bytes) -> list[str]:
    """Say what is wrong where one body, kept whole, must have made one case."""
    with transaction.atomic():
        open_walls(world.shop.id)
        stored = [(bytes(row.body), row.state) for row in RawIntake.objects.all()]
        cases = list(ReturnRequest.objects.values_list("pk", "number"))
    found = unlike("kept", stored, [(body, "READ")])
    found += unlike("cases", [number for _, number in cases], ["700000009-1"])
    return found + [each for pk, _ in cases for each in unlike("acts", world.acts(pk)["CREATE"], 1)]


def _reading_begins(world: World) -> None:
    world.remembered["body"] = seen_body(world)
    with within_walls(world.shop.id):
        cabinet_take(
            store_id=world.shop.store.pk,
            body=world.remembered["body"],
            received_from="companion",
            by=world.by,
            now=world.now,
        )


def _reading_differs(world: World) -> list[str]:
    return one_reading(world, world.remembered["body"])


def _shop_connected(world: World, system: str, settings: dict[str, Any], **secrets: str) -> None:
    entered = Entered(system, store_id=world.shop.store.pk, settings=settings, secrets=secrets)
    with within_walls(world.shop.id):
        connection_save(merchant_id=world.shop.id, entered=entered, now=world.now)
    world.minutes_pass(forget=True)


def _orders_begin(world: World) -> None:
    market = world.market()
    for number in range(1, 4):
        made = world.now - timedelta(minutes=10 * number)
        market.add_order(SoldOrder(code=f"70000000{number}", created=made))
    url = world.urls["kaspi"] + "/shop/api/v2"
    _shop_connected(world, "kaspi_shop", {"base_url": url}, token=market.shops[0].token)
    lately = PollPlace(fresh_to=world.now - timedelta(hours=1), swept_at=world.now)
    with within_walls(world.shop.id):
        Connection.objects.update(cursor=lately.written())
        job_defer("qaitar.flows.tasks.orders_poll", queue="polls", merchant_id=str(world.shop.id))


def _orders_differ(world: World) -> list[str]:
    with transaction.atomic():
        open_walls(world.shop.id)
        codes = sorted(Order.objects.values_list("code", flat=True))
        lines = sorted(
            Order.objects.get(pk=pk).code
            for pk in OrderLine.objects.values_list("order_id", flat=True)
        )
        health = Connection.objects.get().health
    sold = [f"70000000{n}" for n in (1, 2, 3)]
    return [
        *unlike("orders", codes, sold),
        *unlike("lines", lines, sold),
        *unlike("health", health, "HEALTHY"),
    ]


def _cabinet_begins(world: World) -> None:
    market = world.market()
    for number in (1, 2):
        code = f"70000000{number}"
        market.add_order(SoldOrder(code=code, created=world.now - timedelta(days=5)))
        market.ledger.issue(code, at=world.now - timedelta(days=2))
        market.file_return(code, BuyerClaim(), control=world.now + timedelta(days=2))
    settings = {"merchant_id": "30000001", "base_url": world.urls["kaspi"], "consent": True}
    cookie = f"mc-session={market.shops[0].session}"
    _shop_connected(world, "kaspi_cabinet_session", settings, cookie=cookie)
    with within_walls(world.shop.id):
        job_defer("qaitar.flows.tasks.cabinets_poll", queue="polls", merchant_id=str(world.shop.id))


def _cabinet_differs(world: World) -> list[str]:
    with transaction.atomic():
        open_walls(world.shop.id)
        cases = dict(ReturnRequest.objects.values_list("number", "pk"))
        states = set(RawIntake.objects.values_list("state", flat=True))
    found = unlike("cases", sorted(cases), ["700000001-1", "700000002-1"])
    found += unlike("kept", states, {"READ"})
    return found + [
        each for pk in cases.values() for each in unlike("made", world.acts(pk)["CREATE"], 1)
    ]


def export_of(world: World) -> bytes:
    """Write an export of as many orders as this seed has, one row of them unreadable."""
    world.remembered["orders"] = [f"7000001{n:02d}" for n in range(world.dice.randint(3, 9))]
    own = {"Артикул": str(world.shop.id)}  # a content kept before would not be kept again
    rows = [{"№ заказа": code, **own} for code in world.remembered["orders"]]
    return export_csv(export_rows(*rows, {"№ заказа": ""}))


def one_import(world: World) -> list[str]:
    """Say what is wrong where one export must have come in whole, once."""
    with transaction.atomic():
        open_walls(world.shop.id)
        codes = sorted(Order.objects.values_list("code", flat=True))
        lines = OrderLine.objects.count()
        runs = list(ImportRun.objects.values_list("state", "created", "rejected"))
    sold = world.remembered["orders"]
    return [
        *unlike("orders", (codes, lines), (sold, len(sold))),
        *unlike("runs", runs, [("DONE", len(sold), 1)]),
    ]


def _export_begins(world: World) -> None:
    file = orders_file_take(export_of(world), "orders.csv")
    assert isinstance(file, OrdersUpload)
    with within_walls(world.shop.id):
        import_later(store=world.shop.store, file=file, by=world.by, now=world.now)


STORIES: Final = (
    Story("what the cabinet showed is read", _reading_begins, _reading_differs),
    Story("orders read from the marketplace", _orders_begin, _orders_differ, (ORDERS_SWEEP,)),
    Story("cabinet read directly", _cabinet_begins, _cabinet_differs, (CABINETS_SWEEP, EFFECTS)),
    Story("long export read", _export_begins, one_import),
)
