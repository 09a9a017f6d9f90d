"""Orders over Kaspi's Shop API: the contract, and what is Kaspi's own."""

from __future__ import annotations

import base64
import json
import os
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaitar.connectors.kaspi_shop import facts, schedule, translate, wire
from qaitar.connectors.kaspi_shop.client import KaspiShop, ShopAccount
from qaitar.contracts.marketplace import OrderPage, OrderRecord
from qaitar.contracts.outcome import Busy, Healthy, Misconfigured, Refused, Unknown
from qaitar.sandbox.kaspi.app import KaspiSite, KaspiStandIn
from qaitar.sandbox.kaspi.faults import FaultKind, KaspiFault
from qaitar.sandbox.kaspi.ledger import Goods, SoldOrder
from qaitar.sandbox.serving import Serving
from qaitar.transport.http import HttpClient, NoAnswer, Request, Timeouts
from qaitar.transport.lenient import load
from tests.contracts.marketplace import NOW, OrderMarket, OrderSourceContract

if TYPE_CHECKING:
    from collections.abc import Iterator

REAL = Path(os.environ.get("QAITAR_REAL_DATA", "")) / "kaspi"
SHOP = KaspiSite()


@pytest.fixture
def kaspi() -> KaspiStandIn:
    return KaspiStandIn(lambda: NOW, shop=SHOP)


@pytest.fixture
def served(kaspi: KaspiStandIn) -> Iterator[str]:
    with Serving(kaspi) as serving:
        yield f"{serving.url}/shop/api/v2"


@pytest.fixture
def account(served: str) -> ShopAccount:
    return ShopAccount(token=SHOP.token, base_url=served, page_size=3, read_timeout_s=3)


@pytest.fixture
def shop(account: ShopAccount) -> Iterator[KaspiShop]:
    with KaspiShop(account) as shop:
        yield shop


@contextmanager
def answering(body: bytes) -> Iterator[KaspiShop]:
    """Read from a marketplace that says the same to every question."""

    def app(_: Any, start: Any) -> list[bytes]:
        start("200 OK", [("Content-Type", facts.MEDIA_TYPE)])
        return [body]

    with (
        Serving(app) as serving,
        KaspiShop(ShopAccount(token="t", base_url=serving.url, page_size=3)) as shop,
    ):
        yield shop


class TestContract(OrderSourceContract):
    @pytest.fixture
    def market(self, kaspi: KaspiStandIn, shop: KaspiShop) -> OrderMarket:
        def sell(code: str, created: datetime) -> None:
            kaspi.add_order(SoldOrder(code=code, created=created))

        def fail_next(kind: str) -> None:
            kaspi.faults.add("orders", KaspiFault(FaultKind(kind.upper()), retry_after="7"))

        phone_id = base64.b64encode(b"7000000001").decode().rstrip("=")
        return OrderMarket(
            source=shop,
            sell=sell,
            fail_next=fail_next,
            questions=lambda: len(kaspi.received),
            secrets=(SHOP.token, "7000000001", phone_id, "Тестова", "ул. Примерная"),
        )


class TestWindows:
    @given(
        days=st.integers(0, 900),
        odd=st.integers(0, 86_399_999_999),
        at=st.integers(0, 315_532_800_000_000).map(
            lambda us: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
        ),
    )
    def test_windows_cover_every_millisecond_once(self, days: int, odd: int, at: datetime):
        back = at - timedelta(days=days, microseconds=odd)
        walked = list(schedule.windows(at, back))
        ms = timedelta(milliseconds=1)
        assert at - ms < walked[0][1] <= at
        assert back - ms < walked[-1][0] <= back
        assert all(timedelta(0) <= end - start <= facts.WINDOW_MAX for start, end in walked)
        assert all(later[0] - earlier[1] == ms for later, earlier in pairwise(walked))

    def test_nothing_to_walk_when_the_past_is_ahead(self):
        assert list(schedule.windows(NOW, NOW + timedelta(seconds=1))) == []

    def test_longer_window_is_our_mistake_and_is_not_sent(
        self, kaspi: KaspiStandIn, shop: KaspiShop
    ):
        with pytest.raises(ValueError, match="14 days"):
            shop.list_window(NOW - timedelta(days=14, milliseconds=1), NOW, state=None)
        with pytest.raises(ValueError, match="14 days"):
            shop.list_window(NOW, NOW - timedelta(seconds=1), state=None)
        assert kaspi.received == []


ORDER = OrderRecord(code="1", created_at=NOW - timedelta(days=30), status="COMPLETED")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"status": "RETURNED"}, False),
        ({"status": "CANCELLED"}, False),
        ({}, True),
        ({"created_at": NOW - timedelta(days=60)}, False),
        ({"created_at": NOW - timedelta(days=100), "delivered_at": NOW - timedelta(days=59)}, True),
        (
            {
                "created_at": NOW - timedelta(days=100),
                "planned_delivery_at": NOW - timedelta(days=59),
            },
            True,
        ),
        ({"status": "CANCELLING", "created_at": NOW - timedelta(days=179)}, True),
        ({"status": "CANCELLING", "created_at": NOW - timedelta(days=180)}, False),
        ({"status": "NEVER_SEEN"}, True),
        ({"status": None, "created_at": None}, True),
        ({"created_at": None}, True),
    ],
)
def test_which_orders_are_read_again(change: dict[str, Any], expected: bool):
    assert schedule.still_changes(replace(ORDER, **change), NOW) is expected


class TestQuestion:
    def test_sent_as_the_guide_says(self, kaspi: KaspiStandIn, shop: KaspiShop):
        shop.list_window(NOW - timedelta(days=14), NOW, state="ARCHIVE", page=2)
        [requested] = kaspi.received
        assert requested.query == {
            "page[number]": "2",
            "page[size]": "3",
            "filter[orders][creationDate][$ge]": str(
                int((NOW - timedelta(days=14)).timestamp()) * 1000
            ),
            "filter[orders][creationDate][$le]": str(int(NOW.timestamp()) * 1000),
            "filter[orders][state]": "ARCHIVE",
            "include[orders]": "user,entries",
        }
        assert requested.headers["x-auth-token"] == SHOP.token
        assert requested.headers["accept"] == "application/vnd.api+json"
        assert requested.headers["user-agent"].startswith("Mozilla/5.0 (")
        assert "x-merchant-uid" not in requested.headers

    def test_shop_of_a_login_with_several_is_named_when_set(
        self, kaspi: KaspiStandIn, account: ShopAccount
    ):
        with KaspiShop(replace(account, merchant_uid="30000001")) as shop:
            assert isinstance(shop.health(NOW), Healthy)
        assert kaspi.received[-1].headers["x-merchant-uid"] == "30000001"

    def test_number_that_is_no_number_is_not_sent(self, kaspi: KaspiStandIn, shop: KaspiShop):
        assert isinstance(shop.by_code("1&filter[orders][state]=NEW"), Refused)
        assert kaspi.received == []

    def test_pages_are_reported(self, kaspi: KaspiStandIn, shop: KaspiShop):
        for n in range(7):
            kaspi.add_order(SoldOrder(code=str(700000000 + n), created=NOW))
        reported = shop.list_window(NOW - timedelta(days=1), NOW, state=None, page=2)
        assert isinstance(reported, OrderPage)
        assert ([order.code for order in reported.orders], reported.page_count, reported.total) == (
            ["700000006"],
            3,
            7,
        )

    @pytest.mark.parametrize(
        ("meta", "page", "orders", "expected"),
        [
            ({"pageCount": 3, "totalCount": 7}, 0, 3, 3),
            ({"pageCount": 3, "totalCount": 7}, 2, 1, 3),
            ({"pageCount": 2, "totalCount": 6}, 1, 3, 2),  # full, and the last
            ({"pageCount": 1, "totalCount": 7}, 0, 3, 3),  # fewer pages than orders
            ({"pageCount": 3, "totalCount": 0}, 1, 3, 3),
            ({"pageCount": 0, "totalCount": 0}, 0, 3, 2),  # more came than either counts
            ({"pageCount": 1, "totalCount": 2}, 1, 3, 3),
            ({"pageCount": 1, "totalCount": 2}, 1, 2, 2),
            ({"pageCount": 999999999, "totalCount": 7}, 3, 0, 3),  # an empty page ends the list
            ({"pageCount": 0, "totalCount": 0}, 0, 0, 0),
            ({"pageCount": -1, "totalCount": -7}, 0, 1, 1),
            ({"pageCount": "9" * 400}, 0, 0, 0),
            ({}, 0, 3, 2),
            ({}, 1, 2, 2),
            (None, 0, 3, 2),
        ],
    )
    def test_no_count_leaves_a_page_unread_or_has_pages_read_for_ever(
        self, meta: Any, page: int, orders: int, expected: int
    ):
        """What the guide calls `pageCount` and `totalCount` is Kaspi's word; what came is a fact."""
        body = json.dumps({"data": [{"id": str(n)} for n in range(orders)], "meta": meta})
        with answering(body.encode()) as shop:
            reported = shop.list_window(NOW - timedelta(days=1), NOW, state=None, page=page)
        assert isinstance(reported, OrderPage)
        assert reported.page_count == expected

    def test_what_is_no_order_is_reported_row_by_row_and_does_not_end_the_list(self):
        with answering(
            b'{"data":[null,5,{"attributes":{"code":"1"}}],"meta":{"pageCount":3}}'
        ) as shop:
            reported = shop.list_window(NOW - timedelta(days=1), NOW, state=None)
            requested = shop.by_code("2")
        assert isinstance(reported, OrderPage)
        assert ([order.code for order in reported.orders], reported.page_count) == (["1"], 3)
        assert [(row.row_number, row.reason_code, row.raw) for row in reported.rejected] == [
            (1, "no_code", {"value": None}),
            (2, "no_code", {"value": 5}),
        ]
        assert isinstance(requested, Unknown)

    def test_card_and_own_product_come_when_switched_on(
        self, kaspi: KaspiStandIn, account: ShopAccount
    ):
        kaspi.add_order(
            SoldOrder(code="700000001", created=NOW, goods=(Goods(), Goods("KZ-2", card="5")))
        )
        with KaspiShop(replace(account, nested_products=True)) as shop:
            reported = shop.by_code("700000001")
        assert isinstance(reported, OrderRecord)
        assert reported.lines is not None
        assert [
            (line.product_code, line.merchant_code, line.number) for line in reported.lines
        ] == [
            ("137957097", "KZ-001", 0),
            ("5", "KZ-2", 1),
        ]


class TestDiagnosis:
    """A shop owner reads these sentences when the connection test fails."""

    def test_wrong_token(self, kaspi: KaspiStandIn, account: ShopAccount):
        with KaspiShop(replace(account, token="wrong")) as shop:
            reported = shop.health(NOW)
        assert isinstance(reported, Misconfigured)
        assert "token" in reported.what
        assert "Токен API" in reported.how

    @pytest.mark.parametrize("token", ["", "  ", "токен", "one two", "a\r\nX-Other: b"])
    def test_token_that_cannot_be_one_is_not_sent(
        self, kaspi: KaspiStandIn, account: ShopAccount, token: str
    ):
        with KaspiShop(replace(account, token=token)) as shop:
            reported = shop.health(NOW)
        assert isinstance(reported, Misconfigured)
        assert "Токен API" in reported.how
        assert kaspi.received == []

    def test_token_pasted_with_a_line_end_works(self, kaspi: KaspiStandIn, account: ShopAccount):
        with KaspiShop(replace(account, token=f" {SHOP.token}\n")) as shop:
            assert isinstance(shop.health(NOW), Healthy)

    def test_silence_points_at_kazakhstan_and_proxy(self, kaspi: KaspiStandIn, shop: KaspiShop):
        kaspi.faults.add("orders", KaspiFault(FaultKind.DROP))
        reported = shop.health(NOW)
        assert isinstance(reported, Misconfigured)
        assert "Kazakhstan" in reported.how

    def test_slow_answer_ends_at_the_time_limit(self, kaspi: KaspiStandIn, account: ShopAccount):
        kaspi.faults.add("orders", KaspiFault(FaultKind.SLOW, seconds=0.6))
        with KaspiShop(replace(account, read_timeout_s=0.2)) as shop:
            reported = shop.list_window(NOW - timedelta(days=1), NOW, state=None)
        assert isinstance(reported, Unknown)

    def test_web_page_points_at_the_address(self, kaspi: KaspiStandIn, shop: KaspiShop):
        kaspi.faults.add("orders", KaspiFault(FaultKind.PAGE))
        reported = shop.health(NOW)
        assert isinstance(reported, Misconfigured)
        assert "base address" in reported.how

    def test_refused_question_carries_kaspis_words(self, kaspi: KaspiStandIn, account: ShopAccount):
        with KaspiShop(replace(account, page_size=101)) as shop:
            reported = shop.list_window(NOW - timedelta(days=1), NOW, state=None)
        assert isinstance(reported, Misconfigured)
        assert "page[size] must be between 1 and 100" in reported.what

    def test_nobody_listening_is_safe_to_repeat(self):
        with KaspiShop(ShopAccount(token="t", base_url="http://127.0.0.1:9")) as shop:
            assert isinstance(shop.health(NOW), Busy)

    def test_wait_without_a_number_is_bounded(self, kaspi: KaspiStandIn, shop: KaspiShop):
        for text, expected in (("", 30), ("soon", 30), ("0", 1), ("999999", 3600), ("٣", 30)):
            kaspi.faults.add(
                "orders", KaspiFault(FaultKind.BUSY, retry_after=text.encode().decode("latin-1"))
            )
            reported = shop.health(NOW)
            assert isinstance(reported, Busy)
            assert reported.retry_after_s == expected

    def test_other_order_than_requested_is_not_accepted(self):
        with answering(b'{"data":[{"id":"MQ","attributes":{"code":"700000009"}}]}') as shop:
            assert isinstance(shop.by_code("700000001"), Unknown)


class TestStandInRules:
    """The stand-in refuses what Kaspi refuses."""

    @pytest.mark.parametrize(
        ("params", "status", "title"),
        [
            ([], 400, "Required parameter page[number] is empty"),
            (
                [("page[number]", "0"), ("page[size]", "10")],
                400,
                "Required filter [orders][creationDate][$ge] is empty",
            ),
            (
                [
                    ("page[number]", "0"),
                    ("page[size]", "10"),
                    ("filter[orders][creationDate][$ge]", "1"),
                ],
                400,
                "Date range of filter [orders][creationDate] must not exceed 14 days",
            ),
        ],
    )
    def test_bad_question(
        self, served: str, params: list[tuple[str, str]], status: int, title: str
    ):
        with HttpClient(served, headers={"X-Auth-Token": SHOP.token}) as http:
            reply = http.send(Request("GET", "/orders", params=params))
        assert (reply.status, reply.json()) == (status, {"errors": [{"title": title}]})

    def test_number_in_the_path_is_not_an_id(self, kaspi: KaspiStandIn, served: str):
        kaspi.add_order(SoldOrder(code="700000001", created=NOW))
        with HttpClient(served, headers={"X-Auth-Token": SHOP.token}) as http:
            assert http.send(Request("GET", "/orders/700000001")).status == 404
            assert http.send(Request("GET", "/orders/NzAwMDAwMDAx")).status == 200

    def test_agent_that_is_no_browser_gets_no_answer(self, served: str):
        waits = Timeouts(read_s=3)
        with (
            HttpClient(
                served, headers={"X-Auth-Token": SHOP.token, "User-Agent": "python"}, timeouts=waits
            ) as http,
            pytest.raises(NoAnswer),
        ):
            http.send(Request("GET", "/orders"))

    def test_one_shop_never_sees_another(self, kaspi: KaspiStandIn, account: ShopAccount):
        kaspi.add_shop(KaspiSite("30000002", token="other", session="s2"))
        kaspi.add_order(SoldOrder(code="700000001", created=NOW, merchant_id="30000002"))
        with ExitStack() as stack:
            mine, other = (
                stack.enter_context(KaspiShop(replace(account, token=t)))
                for t in (SHOP.token, "other")
            )
            assert isinstance(mine.list_window(NOW, NOW, state=None), OrderPage)
            assert mine.list_window(NOW, NOW, state=None).orders == ()
            assert [o.code for o in other.list_window(NOW, NOW, state=None).orders] == ["700000001"]


@pytest.mark.skipif(not REAL.is_dir(), reason="QAITAR_REAL_DATA is not given")
class TestCaptures:
    def served_file(self, name: str, wrap: bool = False) -> Any:
        body = (REAL / name).read_bytes()
        return body if not wrap else json.dumps({"data": [json.loads(body)]}).encode()

    @pytest.mark.parametrize(
        ("name", "wrap", "code", "total", "lines"),
        [
            ("orders-v2-kaspi-delivery-cancelling-doc-example.json", False, "396149022", 599000, 1),
            ("orders-v2-kaspi-delivery-not-assembled.json", True, "339463441", 899900, None),
        ],
    )
    def test_order(self, name: str, wrap: bool, code: str, total: int, lines: int | None):
        with answering(self.served_file(name, wrap)) as shop:
            reported = shop.list_window(NOW - timedelta(days=1), NOW, state=None)
        assert isinstance(reported, OrderPage)
        assert reported.rejected == ()
        [order] = reported.orders
        assert (order.code, order.total_minor) == (code, total)
        assert (None if order.lines is None else len(order.lines)) == lines

    def test_entries(self):
        answer = wire.OrdersAnswer.model_validate(
            load(self.served_file("orders-v2-entries-2026-05-22.json"))
        )
        [line] = translate.lines_from(answer.data, {})
        assert (line.offer_code, line.price_minor, line.quantity_milli) == (
            "958781639",
            477100,
            1000,
        )
        assert (line.product_external_id, line.total_minor) == ("MTM3OTU3MDk3", None)
