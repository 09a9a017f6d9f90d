"""The stand-in behaves as Kaspi's manual says: silence goes against the seller, buttons work where they are shown."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from tzdata import IANA_VERSION

from qaitar.contracts.marketplace import CustomerRecord, LineRecord, OrderRecord
from qaitar.kernel.almaty import almaty_day, almaty_to_utc
from qaitar.sandbox.kaspi.app import KaspiStandIn
from qaitar.sandbox.kaspi.ledger import BuyerClaim, BuyerFiling, Goods, LedgerRefusal, SoldOrder
from qaitar.sandbox.serving import Serving
from qaitar.transport.http import HttpClient, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

START = datetime(2026, 8, 17, 9, 0, tzinfo=UTC)  # a Monday


class World:
    """A stand-in with hands on its clock."""

    def __init__(self) -> None:
        self.now = START
        self.kaspi = KaspiStandIn(lambda: self.now)
        self.kaspi.add_order(SoldOrder(code="700000001", created=START - timedelta(days=5)))
        self.kaspi.ledger.issue("700000001", at=START - timedelta(days=2))

    def pass_days(self, days: float) -> None:
        self.now += timedelta(days=days)
        self.kaspi.advance()

    def file(self, **stated: object) -> BuyerFiling:
        claim = BuyerClaim(**stated)  # type: ignore[arg-type]  # a test's own words
        return self.kaspi.file_return("700000001", claim, control=self.now + timedelta(days=2))

    def did(self) -> list[tuple[str, str]]:
        return [(deed.who, deed.what) for deed in self.kaspi.ledger.deeds]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def http(world: World) -> Iterator[HttpClient]:
    with Serving(world.kaspi) as serving, HttpClient(serving.url) as http:
        yield http


class TestSilence:
    def test_no_reaction_means_accepted_for_inspection(self, world: World):
        filing = world.file()
        world.pass_days(2)
        assert filing.tab == "NEW", "the control moment itself is still in time"
        world.pass_days(0.001)
        assert (filing.tab, filing.status_text) == ("ON_DELIVERY", "Заявка принята")
        assert world.did() == [("BUYER", "FILE"), ("KASPI", "AUTO_TAKE")]

    def test_no_decision_means_money_back(self, world: World):
        filing = world.file()
        world.kaspi.press(filing.number, "TAKE")
        world.kaspi.goods_arrive(filing.number)
        world.pass_days(3.001)
        assert (filing.tab, filing.status_text) == (
            "CLOSED",
            "Вы не приняли решение, возврат оформлен автоматически",
        )
        assert filing.order.status == "RETURNED"
        assert world.did()[-1] == ("KASPI", "AUTO_GRANT")

    def test_silent_dispute_is_lost_after_five_working_days(self, world: World):
        filing = world.file()
        world.kaspi.press(filing.number, "REFUSE", "Товар использован")
        world.kaspi.open_dispute(filing.number)
        assert filing.control == START + timedelta(days=7), (
            "five working days from a Monday end on the next Monday"
        )
        world.pass_days(7.001)
        assert (filing.tab, filing.granted) == ("CLOSED", True)


class TestButtons:
    @pytest.mark.parametrize("button", ["TAKE", "REFUSE", "GRANT"])
    def test_closed_request_has_none(self, world: World, button: str):
        filing = world.file()
        world.kaspi.customer_withdraws(filing.number)
        before = world.did()
        with pytest.raises(LedgerRefusal):
            world.kaspi.press(filing.number, button, "текст")
        assert (world.did(), filing.tab, filing.status_text) == (
            before,
            "CLOSED",
            "Возврат отменён",
        )

    def test_refusal_needs_a_reason(self, world: World):
        filing = world.file()
        with pytest.raises(LedgerRefusal, match="причину"):
            world.kaspi.press(filing.number, "REFUSE", "  ")
        assert (filing.tab, world.did()) == ("NEW", [("BUYER", "FILE")])

    def test_goods_on_the_way_are_not_accepted_back_by_the_buyer_after_arrival(self, world: World):
        filing = world.file()
        world.kaspi.press(filing.number, "TAKE")
        world.kaspi.goods_arrive(filing.number)
        with pytest.raises(LedgerRefusal):
            world.kaspi.customer_withdraws(filing.number)
        assert filing.tab == "WAITING_DECISION"


class TestBuyer:
    def test_second_filing_is_attempt_two(self, world: World):
        first = world.file()
        world.kaspi.press(first.number, "REFUSE", "нужен акт")
        assert (first.number, world.file(comment="с актом").number) == (
            "700000001-1",
            "700000001-2",
        )

    def test_not_while_one_is_open_nor_before_the_goods_came(self, world: World):
        world.file()
        with pytest.raises(LedgerRefusal):
            world.file()
        world.kaspi.add_order(SoldOrder(code="700000002", created=START))
        with pytest.raises(LedgerRefusal):
            world.kaspi.file_return("700000002", BuyerClaim(), control=START)
        assert list(world.kaspi.ledger.filings) == ["700000001-1"]

    def test_refusal_is_disputed_within_three_days(self, world: World):
        filing = world.file()
        world.kaspi.press(filing.number, "REFUSE", "нет")
        world.pass_days(3.001)
        with pytest.raises(LedgerRefusal):
            world.kaspi.open_dispute(filing.number)
        assert filing.tab == "CLOSED"

    def test_part_of_an_order_leaves_it_issued(self, world: World):
        goods = (Goods("A", price_tiyn=100_00, quantity=2), Goods("B", price_tiyn=50_00))
        world.kaspi.add_order(SoldOrder(code="700000003", created=START, goods=goods))
        world.kaspi.ledger.issue("700000003", at=START)
        filing = world.kaspi.file_return(
            "700000003", BuyerClaim(quantity=1), control=START + timedelta(days=2)
        )
        world.kaspi.press(filing.number, "GRANT")
        assert (filing.total_tiyn, filing.withdraw_tiyn, filing.order.status) == (
            100_00,
            87_00,
            "COMPLETED",
        )
        with pytest.raises(LedgerRefusal):
            world.kaspi.file_return("700000003", BuyerClaim(quantity=3), control=START)

    @pytest.mark.parametrize(("for_buyer", "status"), [(True, "RETURNED"), (False, "COMPLETED")])
    def test_dispute_is_decided(self, world: World, for_buyer: bool, status: str):
        filing = world.file()
        world.kaspi.press(filing.number, "REFUSE", "нет")
        world.kaspi.open_dispute(filing.number)
        world.kaspi.decide_dispute(filing.number, for_buyer=for_buyer)
        assert (filing.tab, filing.granted, filing.order.status) == ("CLOSED", for_buyer, status)

    def test_recorded_withdrawal_of_the_capture_is_reproduced(self):
        goods = (Goods(price_tiyn=4_100_00),)
        filing = BuyerFiling(
            refund_id="0" * 24, number="1-1", order=SoldOrder(code="1", created=START, goods=goods), claim=BuyerClaim(), filed=START,
            control=START,
        )  # fmt: skip
        assert filing.withdraw_tiyn == 3_587_00


class TestPages:
    """A demo user clicks as in the cabinet."""

    def page(
        self, http: HttpClient, path: str, form: dict[str, str] | None = None
    ) -> tuple[int, str, str]:
        reply = http.send(Request("POST" if form else "GET", path, form=form))
        return reply.status, reply.body.decode(), reply.headers.get("location", "")

    def test_from_the_list_to_the_button(self, world: World, http: HttpClient):
        filing = world.file(comment="<script>alert(1)</script>", photos=(b"\x89PNG1",))
        _, listed, _ = self.page(http, "/mc/?status=REFUND_NEW")
        assert re.findall(r'href="(/mc/refunds/[^"]+)"', listed) == [f"/mc/refunds/{filing.number}"]
        _, displayed, _ = self.page(http, f"/mc/refunds/{filing.number}")
        assert re.findall(r"<button>([^<]+)<", displayed) == [
            "Получить товар на проверку",
            "Отказать в возврате",
            "Оформить возврат",
        ]
        assert "<script" not in displayed
        status, _, where = self.page(http, f"/mc/refunds/{filing.number}/press", {"button": "TAKE"})
        assert (status, filing.tab) == (303, "ON_DELIVERY")
        _, after, _ = self.page(http, where)
        assert "Готово: Заявка принята" in after
        assert re.findall(r"<button>([^<]+)<", after) == ["Оформить возврат"]

    def test_button_not_displayed_does_nothing(self, world: World, http: HttpClient):
        filing = world.file()
        world.kaspi.press(filing.number, "TAKE")
        before = world.did()
        status, text, _ = self.page(
            http, f"/mc/refunds/{filing.number}/press", {"button": "REFUSE", "text": "нет"}
        )
        assert (status, world.did()) == (409, before)
        assert "недоступно" in text
        assert self.page(http, f"/mc/refunds/{filing.number}/press", {"button": "BURN"})[0] == 404

    @pytest.mark.parametrize("search", ["700000001", "700000001-1"])
    def test_search_by_order_or_request(self, world: World, http: HttpClient, search: str):
        filing = world.file()
        world.kaspi.customer_withdraws(filing.number)
        _, found, _ = self.page(http, f"/mc/?search={search}")
        assert "/mc/refunds/700000001-1" in found
        assert "Заявок нет" in self.page(http, "/mc/?search=799")[1]

    def test_photo_is_served_as_filed(self, world: World, http: HttpClient):
        filing = world.file(photos=(b"\x89PNG1", b"\xff\xd82"))
        kinds = [http.send(Request("GET", f"/photos/{filing.refund_id}/{n}")) for n in range(3)]
        assert [(reply.status, reply.body[:2]) for reply in kinds[:2]] == [
            (200, b"\x89P"),
            (200, b"\xff\xd8"),
        ]
        assert kinds[0].headers["content-type"] == "image/png"
        assert kinds[2].status == 404


class TestOverlay:
    """Two sources of one order are laid over each other and nothing is erased."""

    API = OrderRecord(
        code="1", external_id="MQ", created_at=datetime(2026, 8, 1, 7, 30, tzinfo=UTC), status="COMPLETED",
        customer=CustomerRecord(name="О", phone_raw="7"), raw={"a": 1},
        lines=(LineRecord(external_id="MSMjMA", offer_code="A", quantity_milli=1000, price_minor=100),),
    )  # fmt: skip
    FILE = OrderRecord(
        code="1", created_at=datetime(2026, 7, 31, 19, 0, tzinfo=UTC), dates_are_days=True, status="RETURNED",
        status_changed_on=date(2026, 8, 9), delivered_at=datetime(2026, 8, 4, 19, 0, tzinfo=UTC), raw={"b": 2},
        lines=(LineRecord(offer_code="A-own", merchant_name="Мой", price_minor=999),),
    )  # fmt: skip

    def test_personal_data_stays_out_of_repr(self):
        displayed = repr(
            OrderRecord(
                code="1",
                address="ул. Абая",
                customer=CustomerRecord(name="Оксана", external_id="NzA", phone_raw="7701"),
            )
        )
        assert [secret for secret in ("Абая", "Оксана", "NzA", "7701") if secret in displayed] == []


@pytest.mark.parametrize("year", range(2006, 2036))
def test_almaty_agrees_with_the_current_zone_database(year: int):
    assert IANA_VERSION >= "2024a"
    with (files("tzdata") / "zoneinfo" / "Asia" / "Almaty").open("rb") as data:
        zone = ZoneInfo.from_file(data)
    for month in range(1, 13):
        for day in (1, 15, 28):
            local = datetime(year, month, day, 3, 30)  # noqa: DTZ001  a wall clock
            moment = local.replace(tzinfo=zone).astimezone(UTC)
            assert (almaty_to_utc(local), almaty_day(moment)) == (moment, local.date())
