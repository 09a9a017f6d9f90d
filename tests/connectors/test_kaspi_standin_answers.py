"""The stand-in answers in the captured shapes, and each switch of it does what it says."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from qaitar.sandbox.kaspi.app import KaspiSite, KaspiStandIn
from qaitar.sandbox.kaspi.behaviour import Behaviour, ClosedOrder, DetailShape, Total
from qaitar.sandbox.kaspi.faults import FaultKind, KaspiFault
from qaitar.sandbox.kaspi.ledger import BuyerClaim, Goods, LedgerRefusal, Relabelling, SoldOrder
from qaitar.sandbox.serving import Serving
from qaitar.transport.http import HttpClient, NoAnswer, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW: Final = datetime(2026, 11, 30, 5, 0, tzinfo=UTC)
REFUNDS: Final = "/refund/api/v1/merchant-cabinet"
CORS: Final = "access-control-allow-origin"
# Field by field as captured on 26 August 2026, with the type of each value there (None: null there).
CAPTURED_DETAIL: Final[dict[str, Any]] = {
    "refundId": str, "applicationNumber": str, "responsible": str, "order": str, "customerId": str, "customerName": str,
    "customerPhone": str, "refundReason": dict, "deliveryType": str, "refundTab": str, "address": None, "orderAddress": None,
    "productSku": str, "quantity": int, "productPrice": float, "total": float, "totalWithdraw": float, "weight": float,
    "unit": str, "unitCode": str, "rejectDescription": str, "comment": None, "stepDescription": str,
    "examinationProtocolExist": bool, "actions": list, "stateSteps": list, "klTrackUrl": str, "imageUrls": list,
    "orderCompletionDate": str, "daysCountBetweenRefundCreationAndOrderCompletion": int, "merchantHint": None,
    "createdDate": str,
}  # fmt: skip
CAPTURED_ITEM: Final[dict[str, Any]] = {
    "refundId": str, "applicationNumber": str, "tab": str, "reason": str, "refundReason": dict, "plannedDate": str, "order": str,
    "productSku": str, "customer": str, "sum": float, "quantity": int, "unit": str, "weight": float, "description": str,
}  # fmt: skip


def shape(value: dict[str, Any]) -> dict[str, Any]:
    return {name: None if each is None else type(each) for name, each in value.items()}


class Cabinet:
    """A stand-in in the captured shape, served, and a page's way to ask it."""

    def __init__(self, http: HttpClient, kaspi: KaspiStandIn) -> None:
        self.http, self.kaspi = http, kaspi

    def ask(self, path: str, session: str = "stand-in-session", **query: str) -> Reply:
        pairs = [("merchantId", "30000001"), *query.items()]
        headers = {"Cookie": f"mc-session={session}"}
        return self.http.send(Request("GET", f"{REFUNDS}/{path}", params=pairs, headers=headers))

    def json(self, path: str, **query: str) -> Any:
        reply = self.ask(path, **query)
        assert reply.status == 200, reply.body
        return json.loads(reply.body)

    def section(self, tab: str, page: int = 0, size: int = 10) -> Any:
        return self.json("load-refunds-by-tab", tab=tab, p=str(page), s=str(size))

    def numbers(self, tab: str, page: int = 0, size: int = 10) -> list[str]:
        return [item["applicationNumber"] for item in self.section(tab, page, size)["data"]]

    def detail(self, number: str, **more: Any) -> Reply:
        refund_id = self.kaspi.ledger.filings[number].refund_id
        return self.ask("load-refund-details", refundId=refund_id, code=number, **more)

    def file(self, number: int = 1, days_ago: float = 1, goods: Goods | None = None) -> str:
        """File a request `days_ago` days ago."""
        code = str(700_000_000 + number)
        at = NOW - timedelta(days=days_ago)
        self.kaspi.add_order(
            SoldOrder(code=code, created=at - timedelta(days=4), goods=(goods or Goods(),))
        )
        self.kaspi.ledger.issue(code, at=at - timedelta(days=2))
        claim = BuyerClaim(reason="SIZE_MISMATCH", reason_text="Не подошел размер")
        control = NOW + timedelta(days=2)
        return self.kaspi.ledger.file_return(code, claim, control=control, at=at).number


@pytest.fixture
def cabinet() -> Iterator[Cabinet]:
    behaviour = Behaviour(detail_shape=DetailShape.CAPTURED)
    kaspi = KaspiStandIn(lambda: NOW, shop=KaspiSite(), behaviour=behaviour)
    with Serving(kaspi) as serving, HttpClient(serving.url) as http:
        yield Cabinet(http, kaspi)
    kaspi.let_go()


class TestCapturedShapes:
    def test_detail_of_a_granted_request_has_the_captured_fields_and_no_other(
        self, cabinet: Cabinet
    ):
        number = cabinet.file(goods=Goods(price_tiyn=4_100_00))
        cabinet.kaspi.press(number, "GRANT")
        reported = json.loads(cabinet.detail(number).body)
        assert list(reported) == list(CAPTURED_DETAIL)
        assert shape(reported) == CAPTURED_DETAIL
        assert (reported["stepDescription"], reported["refundTab"]) == (
            "Возврат оформлен",
            "CLOSED",
        )
        assert (reported["total"], reported["totalWithdraw"]) == (4100.0, 3587.0)
        assert reported["customerPhone"] == "+0(000)-000-00-00"
        assert reported["refundReason"] == {
            "reason": "SIZE_MISMATCH",
            "reasonDescription": "Не подошел размер",
            "reasonChangeHistory": {
                "originReason": "SIZE_MISMATCH",
                "originReasonDescription": "Не подошел размер",
                "changeContext": None,
            },
        }
        assert reported["createdDate"] == "2026-11-29T10:00:00.000"
        assert reported["orderCompletionDate"] == "2026-11-27T10:00:00.000"
        steps = reported["stateSteps"]
        assert [(s["stepType"], s["stepStatus"], s["stage"], s["result"]) for s in steps] == [
            ("MERCHANT_APPROVAL", "SUCCESS", "PASSED", "POSITIVE"),
            ("BACKWARD_DELIVERY_BY_KASPI", "SUCCESS", "PASSED", "POSITIVE"),
            ("BACKWARD_DELIVERY_BY_KASPI_FINISHED", "SUCCESS", "PASSED", "POSITIVE"),
            ("MERCHANT_DECISION", "SUCCESS", "PASSED", "POSITIVE"),
            ("WAITING_PAYMENT", "SUCCESS", "CURRENT", "POSITIVE"),
        ]
        assert [step["expirationTime"] for step in steps] == [
            "2026-12-02T10:00:00", None, None, None, "2026-12-02T10:00:00",
        ]  # fmt: skip

    def test_item_of_a_list_has_the_captured_fields_and_the_date_of_the_current_step(
        self, cabinet: Cabinet
    ):
        number = cabinet.file()
        [item] = cabinet.section("NEW")["data"]
        assert (list(item), shape(item)) == (list(CAPTURED_ITEM), CAPTURED_ITEM)
        [step] = json.loads(cabinet.detail(number).body)["stateSteps"]
        assert (step["stage"], step["stepStatus"]) == ("CURRENT", "IN_PROGRESS")
        assert step["expirationTime"] == item["plannedDate"] == "2026-12-02T10:00:00"

    def test_counts_come_in_the_captured_order(self, cabinet: Cabinet):
        reported = cabinet.json("load-refunds-count")
        assert [count["tab"] for count in reported] == [
            "WAITING_DECISION", "ON_DELIVERY", "CLOSED", "DISPUTE", "NEW",
        ]  # fmt: skip

    @pytest.mark.parametrize(("exponent", "written"), [(True, "1.29999E7"), (False, "12999900.0")])
    def test_ten_million_and_more(self, cabinet: Cabinet, exponent: bool, written: str):
        cabinet.kaspi.behaviour.exponent = exponent
        number = cabinet.file(goods=Goods(price_tiyn=12_999_900_00))
        listed = cabinet.ask("load-refunds-by-tab", tab="NEW", p="0", s="10").body.decode()
        assert f'"sum": {written},' in listed
        assert f'"total": {written},' in cabinet.detail(number).body.decode()


class TestSwitches:
    def test_closed_list_is_not_newest_first_unless_requested_to_be(self, cabinet: Cabinet):
        made = [cabinet.file(n, days_ago=day) for n, day in enumerate([3, 1, 2])]
        for number in made:
            cabinet.kaspi.press(number, "GRANT")
        newest_first = [made[1], made[2], made[0]]
        assert cabinet.numbers("CLOSED") == newest_first[::-1]
        cabinet.kaspi.behaviour.closed_order = ClosedOrder.NEWEST_FIRST
        assert cabinet.numbers("CLOSED") == newest_first
        cabinet.kaspi.behaviour.closed_order = ClosedOrder.BY_ID
        ids = {number: cabinet.kaspi.ledger.filings[number].refund_id for number in made}
        assert cabinet.numbers("CLOSED") == sorted(made, key=ids.__getitem__)

    def test_pages_of_a_size_of_its_own_meet_every_request_once(self, cabinet: Cabinet):
        made = [cabinet.file(n) for n in range(7)]
        cabinet.kaspi.behaviour.page_size = 3
        pages = [cabinet.numbers("NEW", page, size=10) for page in range(4)]
        assert [len(page) for page in pages] == [3, 3, 1, 0]
        assert sorted(number for page in pages for number in page) == sorted(made)

    @pytest.mark.parametrize(("total", "reported"), [(Total.ALL_PAGES, 12), (Total.THIS_PAGE, 2)])
    def test_total_of_all_pages_or_of_this_one(self, cabinet: Cabinet, total: Total, reported: int):
        for n in range(12):
            cabinet.file(n)
        cabinet.kaspi.behaviour.total = total
        assert cabinet.section("NEW", page=1)["total"] == reported

    @pytest.mark.parametrize(
        ("kind", "status"),
        [
            (FaultKind.SERVER_ERROR, 500),
            (FaultKind.UNAUTHORIZED, 401),
            (FaultKind.FORBIDDEN, 403),
        ],
    )
    def test_one_detail_fails_so_many_times_and_the_others_are_answered(
        self, cabinet: Cabinet, kind: FaultKind, status: int
    ):
        bad, good = cabinet.file(1), cabinet.file(2)
        cabinet.kaspi.faults.fail_detail(bad, KaspiFault(kind), times=2)
        requested = [cabinet.detail(number).status for number in (good, bad, good, bad, bad, bad)]
        assert requested == [200, status, 200, status, 200, 200]
        cabinet.kaspi.faults.fail_detail(bad, KaspiFault(kind))
        assert [cabinet.detail(bad).status for _ in range(5)] == [status] * 5
        cabinet.kaspi.faults.mend_detail(bad)
        assert cabinet.detail(bad).status == 200

    def test_detail_that_never_answers_keeps_no_other_call_waiting(self, cabinet: Cabinet):
        bad, good = cabinet.file(1), cabinet.file(2)
        cabinet.kaspi.faults.fail_detail(bad, KaspiFault(FaultKind.NEVER, seconds=0.5))
        started = time.monotonic()
        with pytest.raises(NoAnswer):
            cabinet.detail(bad)
        assert time.monotonic() - started >= 0.5
        assert cabinet.detail(good).status == 200
        cabinet.kaspi.let_go()
        started = time.monotonic()
        with pytest.raises(NoAnswer):
            cabinet.detail(bad)
        assert time.monotonic() - started < 0.4

    @pytest.mark.parametrize("headers", [True, False])
    def test_headers_of_errors(self, cabinet: Cabinet, headers: bool):
        number = cabinet.file()
        cabinet.kaspi.behaviour.cors_on_errors = headers
        cabinet.kaspi.faults.fail_detail(number, KaspiFault(FaultKind.SERVER_ERROR), times=1)
        failed, ended = cabinet.detail(number), cabinet.detail(number, session="old")
        assert [(failed.status, CORS in failed.headers), (ended.status, CORS in ended.headers)] == [
            (500, headers),
            (401, headers),
        ]
        assert CORS in cabinet.detail(number).headers

    @pytest.mark.parametrize("status", [401, 302, 500])
    def test_gateway_answers_everything_without_headers(self, cabinet: Cabinet, status: int):
        number = cabinet.file()
        cabinet.kaspi.behaviour.gateway = status
        preflight = cabinet.http.send(Request("OPTIONS", f"{REFUNDS}/load-refunds-count"))
        reported = [preflight, cabinet.ask("load-refunds-count"), cabinet.detail(number)]
        assert [(reply.status, CORS in reply.headers) for reply in reported] == [
            (status, False)
        ] * 3
        cabinet.kaspi.behaviour.gateway = None
        assert cabinet.detail(number).status == 200

    def test_sixth_section_is_counted_and_listed(self, cabinet: Cabinet):
        numbers = [cabinet.file(n) for n in range(4)]
        assert cabinet.ask("load-refunds-by-tab", tab="EXPERTISE", p="0", s="10").status == 400
        cabinet.kaspi.behaviour.extra_tabs = {"EXPERTISE": "Экспертиза"}
        for number in numbers:
            cabinet.kaspi.move(number, "EXPERTISE")
        last = cabinet.json("load-refunds-count")[-1]
        assert last == {"tab": "EXPERTISE", "tabTitle": "Экспертиза", "total": 4}
        assert sorted(cabinet.numbers("EXPERTISE")) == numbers
        assert cabinet.numbers("NEW") == []
        with pytest.raises(LedgerRefusal):
            cabinet.kaspi.move(numbers[0], "CLOSED")
        assert cabinet.kaspi.ledger.filings[numbers[0]].tab == "EXPERTISE"

    def test_relabelled_reason_quantity_and_sum(self, cabinet: Cabinet):
        number = cabinet.file(goods=Goods(price_tiyn=4_100_00, quantity=3))
        change = Relabelling("WRONG", "Не как на фото или в описании", 2, 8_000_00)
        cabinet.kaspi.relabel(number, change)
        [item] = cabinet.section("NEW")["data"]
        reported = json.loads(cabinet.detail(number).body)
        assert (item["reason"], item["quantity"], item["sum"]) == ("WRONG", 2, 8000.0)
        assert (reported["quantity"], reported["total"]) == (2, 8000.0)
        assert reported["refundReason"] == {
            "reason": "WRONG",
            "reasonDescription": "Не как на фото или в описании",
            "reasonChangeHistory": {
                "originReason": "SIZE_MISMATCH",
                "originReasonDescription": "Не подошел размер",
                "changeContext": "KASPI_CHECK",
            },
        }

    def test_number_written_another_way_is_requested_for_that_way(self, cabinet: Cabinet):
        number = cabinet.file()
        cabinet.kaspi.behaviour.number_separator = "/"
        assert cabinet.numbers("NEW") == ["700000001/1"]
        assert cabinet.detail(number).status == 404
        refund_id = cabinet.kaspi.ledger.filings[number].refund_id
        requested = cabinet.ask("load-refund-details", refundId=refund_id, code="700000001/1")
        assert json.loads(requested.body)["applicationNumber"] == "700000001/1"


class TestOrders:
    def ask(self, cabinet: Cabinet, path: str, **query: str) -> Reply:
        headers = {"X-Auth-Token": KaspiSite().token, "User-Agent": "Mozilla/5.0 (X11)"}
        params = [(name.replace("__", "[") + "]", value) for name, value in query.items()]
        return cabinet.http.send(
            Request("GET", f"/shop/api/v2{path}", params=params, headers=headers)
        )

    def attributes(self, cabinet: Cabinet, order: SoldOrder) -> dict[str, Any]:
        cabinet.kaspi.add_order(order)
        requested = self.ask(
            cabinet, "/orders", page__number="0", page__size="1", **{"filter[orders]__code": order.code}
        )  # fmt: skip
        reported: dict[str, Any] = json.loads(requested.body)["data"][0]["attributes"]
        return reported

    def test_issued_order_carries_the_day_of_receipt_and_an_open_one_does_not(
        self, cabinet: Cabinet
    ):
        got = datetime(2026, 7, 10, 5, 57, 15, 213000, tzinfo=UTC)
        issued = SoldOrder(code="700000901", created=NOW, completed=got, planned_delivery=got)
        reported = self.attributes(cabinet, issued)
        assert (reported["completionDate"], reported["plannedDeliveryDate"]) == (1783663035213,) * 2
        cabinet.kaspi.behaviour.planned_delivery = False
        on_its_way = SoldOrder(code="7000009020", created=NOW, planned_delivery=got)
        reported = self.attributes(cabinet, on_its_way)
        assert reported["code"] == "7000009020"
        assert {"completionDate", "plannedDeliveryDate"} & set(reported) == set()

    def test_lines_come_in_pages(self, cabinet: Cabinet):
        goods = tuple(Goods(f"S{n}", price_tiyn=1000_00) for n in range(101))
        cabinet.kaspi.add_order(SoldOrder(code="700000001", created=NOW, goods=goods))
        path = "/orders/NzAwMDAwMDAx/entries"
        first, second, third = (
            json.loads(self.ask(cabinet, path, page__number=str(n)).body) for n in range(3)
        )
        for page in (first, second, third):
            assert page["meta"] == {"pageCount": 2, "totalCount": 101}
        assert [len(page["data"]) for page in (first, second, third)] == [100, 1, 0]
        assert second["data"][0]["id"] == "NzAwMDAwMDAxIyMxMDA"
        assert json.loads(self.ask(cabinet, path).body) == first
        small = json.loads(self.ask(cabinet, path, page__number="4", page__size="20").body)
        assert [entry["attributes"]["entryNumber"] for entry in small["data"]] == [*range(80, 100)]
        assert self.ask(cabinet, path, page__size="101").status == 400
