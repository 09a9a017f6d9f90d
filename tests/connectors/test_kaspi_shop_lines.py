"""Lines of an order over several pages, and the numbers an order names its shop and its receipt by."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qaitar.connectors.kaspi_shop import facts, translate, wire
from qaitar.connectors.kaspi_shop.client import KaspiShop, ShopAccount
from qaitar.contracts.marketplace import OrderPage, OrderRecord, Unread
from qaitar.contracts.outcome import Unknown
from qaitar.sandbox.kaspi.app import KaspiSite, KaspiStandIn
from qaitar.sandbox.kaspi.ledger import Goods, SoldOrder
from qaitar.sandbox.serving import Serving
from qaitar.transport.lenient import load
from tests.contracts.marketplace import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOP = KaspiSite()


def entry(number: int, **reported: Any) -> dict[str, Any]:
    attributes = {
        "entryNumber": number, "quantity": 1, "basePrice": 1000.0, "totalPrice": 1000.0, "unitType": "PIECES",
        "offer": {"code": f"S{number}", "name": f"Товар {number}"},
    } | reported  # fmt: skip
    return {"type": "orderentries", "id": f"line{number}", "attributes": attributes}


@contextmanager
def answering(pages: list[dict[str, Any]]) -> Iterator[tuple[KaspiShop, list[str]]]:
    """Answer the pages of one order's lines in turn, the last one again and again; note which were asked for."""
    requested: list[str] = []

    def app(environ: Any, start: Any) -> list[bytes]:
        requested.append(environ["QUERY_STRING"].split("&")[0].rpartition("=")[2])
        start("200 OK", [("Content-Type", facts.MEDIA_TYPE)])
        return [json.dumps(pages[min(len(requested), len(pages)) - 1]).encode()]

    with (
        Serving(app) as serving,
        KaspiShop(ShopAccount(token="t", base_url=serving.url)) as shop,
    ):
        yield shop, requested


def page(numbers: range | list[int], **meta: int) -> dict[str, Any]:
    return {"data": [entry(n) for n in numbers], "included": [], **({"meta": meta} if meta else {})}


@pytest.mark.parametrize(
    ("pages", "lines", "requested"),
    [
        ([page(range(100), pageCount=2, totalCount=101), page([100], pageCount=2, totalCount=101)], 101, ["0", "1"]),
        ([page(range(100)), page([100]), page([])], 101, ["0", "1"]),
        ([page(range(100)), page(range(100, 200)), page([])], 200, ["0", "1", "2"]),
        ([page(range(101))], 101, ["0", "1"]),  # an answer that knows no pages says the same again
        ([page(range(50), totalCount=101), page(range(50, 101), totalCount=101)], 101, ["0", "1"]),
        ([page(range(50), pageCount=3), page(range(50, 100), pageCount=3), page([100], pageCount=3)], 101, ["0", "1", "2"]),
        ([page(range(100), totalCount=101), page(range(90, 101), totalCount=101)], 101, ["0", "1"]),  # ten came twice
        ([page(range(3), pageCount=1, totalCount=3)], 3, ["0"]),
        ([page(range(3))], 3, ["0"]),
        ([page([])], 0, ["0"]),
    ],
)  # fmt: skip
def test_an_order_of_many_lines_is_read_whole_and_each_line_once(
    pages: list[dict[str, Any]], lines: int, requested: list[str]
):
    with answering(pages) as (shop, calls):
        reported = shop.lines("NzAwMDAwMDAx")
    assert isinstance(reported, tuple)
    assert [line.number for line in reported] == list(range(lines))
    assert sum(line.total_minor or 0 for line in reported) == lines * 100000
    assert calls == requested


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        ([page(range(100), totalCount=101), page([], totalCount=101)], "101 lines are counted and 100 came"),
        ([page(range(3), totalCount=4)], "4 lines are counted and 3 came"),
        ([{"data": [entry(0), None]}], "line 2 of page 1 is no object"),
        ([page(range(100)), {"data": [entry(99, quantity=2)]}], "line 1 of page 2 came before with other values"),
        ([{"data": [entry(0), entry(1, quantity="two")]}], "«quantity» of line 2 of page 1 is «two»"),
        ([{"data": [entry(0, basePrice="12,3,4")]}], "«basePrice» of line 1 of page 1 is «12,3,4»"),
    ],
)  # fmt: skip
def test_lines_that_are_not_whole_are_refused_with_the_place(pages: list[dict[str, Any]], why: str):
    with answering(pages) as (shop, _):
        assert shop.lines("NzAwMDAwMDAx") == Unknown(f"Kaspi's lines are not whole: {why}.")


def test_lines_without_ids_are_not_counted_twice_when_a_page_is_stated_again():
    bare = entry(0)
    del bare["id"], bare["attributes"]["entryNumber"]
    with answering([{"data": [bare] * 2 + [entry(n) for n in range(98)]}]) as (shop, calls):
        reported = shop.lines("NzAwMDAwMDAx")
    assert isinstance(reported, tuple)
    assert (len(reported), calls) == (100, ["0", "1"])


@pytest.mark.parametrize("nested", [False, True])
def test_the_stand_in_pages_lines_and_the_list_leaves_long_orders_to_it(nested: bool):
    kaspi = KaspiStandIn(lambda: NOW, shop=SHOP)
    goods = tuple(Goods(f"KZ-{n}", card=str(n)) for n in range(130))
    kaspi.add_order(SoldOrder(code="1000000001", created=NOW, goods=goods))
    with (
        Serving(kaspi) as serving,
        KaspiShop(
            ShopAccount(
                token=SHOP.token, base_url=f"{serving.url}/shop/api/v2", nested_products=nested
            )
        ) as shop,
    ):
        listed = shop.list_window(NOW, NOW, state=None)
        reported = shop.by_code("1000000001")
    assert isinstance(listed, OrderPage)
    assert listed.orders[0].lines is None
    assert isinstance(reported, OrderRecord)
    assert reported.lines is not None
    assert [line.offer_code for line in reported.lines] == [f"KZ-{n}" for n in range(130)]
    assert sum(line.total_minor or 0 for line in reported.lines) == reported.total_minor


def order(**attributes: Any) -> dict[str, Any]:
    """A genuine answer's shape of July 2026: a day of receipt and no planned one."""
    return {
        "id": "NzAwMDAwOTAx", "type": "orders",
        "attributes": {
            "code": "700000901", "totalPrice": 188.0, "paymentMode": "PREPAID", "creationDate": 1783328662651,
            "completionDate": 1783663035213, "state": "ARCHIVE", "status": "COMPLETED", "pickupPointId": "30000001_PP1",
        } | attributes,
        "relationships": {"entries": {"data": [{"type": "orderentries", "id": "line0"}]}},
    }  # fmt: skip


def read(reported: dict[str, Any], *lines: dict[str, Any]) -> OrderRecord:
    body = load(json.dumps({"data": [reported], "included": list(lines)}).encode())
    answer = wire.OrdersAnswer.model_validate(body)
    record = translate.order_from(answer.data[0], translate.index_included(answer.included))
    assert isinstance(record, OrderRecord)
    return record


def test_the_day_of_receipt_is_reported_and_no_planned_one_is_needed():
    reported = read(order())
    assert reported.delivered_at == datetime(2026, 7, 10, 5, 57, 15, 213000, tzinfo=UTC)
    assert reported.planned_delivery_at is None
    assert reported.unread == ()


@pytest.mark.parametrize("status", ["CANCELLED", "CANCELLING", "KASPI_DELIVERY_RETURN_REQUESTED"])
def test_an_order_nobody_got_has_no_day_of_receipt(status: str):
    assert read(order(status=status)).delivered_at is None


@pytest.mark.parametrize(
    ("total", "tiyn"),
    [(1.29999e7, 1299990000), ("1.29999E7", 1299990000), ("12999900.00", 1299990000), (188.29999999999998, 18830)],
)  # fmt: skip
def test_a_sum_is_read_in_every_form_of_a_number(total: Any, tiyn: int):
    reported = read(order(totalPrice=total))
    assert (reported.total_minor, reported.unread) == (tiyn, ())
    assert reported.tenders is not None
    assert reported.tenders[0].amount_minor == tiyn


def test_what_cannot_be_read_is_named_with_what_came():
    reported = read(order(totalPrice="13 million", deliveryCost=0.005, kaspiDelivery=5))
    assert (reported.total_minor, reported.delivery_cost_minor) == (None, None)
    assert reported.unread == (
        Unread("totalPrice", "unread", "13 million"),
        Unread("deliveryCost", "unread", "0.005"),
        Unread("kaspiDelivery", "unread", "5"),
    )


def test_lines_next_to_an_order_are_left_out_when_one_has_no_readable_quantity():
    reported = read(order(), entry(0, quantity="two"))
    assert reported.lines is None
    assert reported.unread == (Unread("entries[0].quantity", "unread", "two"),)


def test_a_line_named_twice_is_one_line():
    twice = order()
    twice["relationships"]["entries"]["data"] *= 2
    reported = read(twice, entry(0))
    assert reported.lines is not None
    assert len(reported.lines) == 1


def test_an_order_that_names_a_line_without_its_id_is_not_read_smaller():
    odd = order()
    odd["relationships"]["entries"]["data"].append({"type": "orderentries"})
    assert read(odd, entry(0)).lines is None


@pytest.mark.parametrize(("point", "expected"), [("30000001_PP1", "30000001_PP1"), ("MzAwMDAwMDFfUFAx", "30000001_PP1"), ("MzAwMDAwMDFfUFA=", "30000001_PP"), ("Abai", "Abai")])  # fmt: skip
def test_a_point_is_read_plain_and_as_base64(point: str, expected: str):
    assert read(order(pickupPointId=point)).pickup_point == expected


@pytest.mark.parametrize("code", ["1000000001", 1000000001, 1.000000001e9])
def test_a_code_of_ten_digits_keeps_its_digits(code: Any):
    assert read(order(code=code)).code == "1000000001"


def test_a_code_stays_readable_in_an_error_and_a_phone_does_not():
    answer = wire.OrdersAnswer.model_validate(
        {"errors": [{"title": "Order 1000000001 of 77010000000, 7010000000 is not found"}]}
    )
    assert translate.error_titles(answer) == "Order 1000000001 of …, … is not found"


CASES = Path(__file__).parents[1] / "cases"


def case_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / name).read_bytes())
    return found


def test_an_order_of_101_lines_as_the_api_gave_it_is_read_whole():
    pages = [case_of(f"cabinet/12-entries-of-101-page{at}.json") for at in (0, 1)]
    with answering(pages) as (shop, calls):
        lines = shop.lines("NzAwMDAwMDAx")
    assert isinstance(lines, tuple)
    assert [line.offer_code for line in lines] == [f"S{at}" for at in range(101)]
    assert sum(line.total_minor or 0 for line in lines) == 101 * 100_000
    assert calls == ["0", "1"]


@pytest.mark.parametrize(
    ("name", "total"),
    [("27-api-order-12-million.json", 1_299_990_000), ("28-api-order-completionDate.json", 18_800)],
)
def test_orders_as_the_api_gave_them_have_their_sum_and_day_of_receipt(name: str, total: int):
    body = (CASES / name).read_bytes()
    answer = wire.OrdersAnswer.model_validate(load(body))
    record = translate.order_from(answer.data[0], translate.index_included(answer.included))
    assert isinstance(record, OrderRecord)
    assert (record.code, record.total_minor) == ("700000901", total)
    assert record.delivered_at == datetime(2026, 7, 10, 5, 57, 15, 213000, tzinfo=UTC)
    assert record.planned_delivery_at is None
    assert record.unread == ()
