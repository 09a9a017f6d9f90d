"""What every marketplace connector promises, run against its stand-in: inherit, give the fixture, add nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from qaitar.contracts.marketplace import (
    OrderPage,
    OrderRecord,
    OrderSource,
    ReturnPage,
    ReturnReading,
    ReturnsReader,
    Section,
    SectionCounts,
)
from qaitar.contracts.outcome import Busy, Healthy, Misconfigured, Missing, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 8, 20, 9, 0, tzinfo=UTC)
NOT_LEARNT = ("server_error", "bad_gateway", "truncated", "drop", "page")


@dataclass
class OrderMarket:
    """A source and the levers of the marketplace behind it."""

    source: OrderSource
    sell: Callable[[str, datetime], None]  # one order of 11 990.00 tenge, one line of one piece
    fail_next: Callable[[str], None]  # one of NOT_LEARNT, "busy" (wait 7 s) or "unauthorized"
    questions: Callable[[], int]  # how many calls reached the marketplace
    secrets: tuple[str, ...] = field(default=())


class OrderSourceContract:
    """A reader of orders: equal values, whole windows, honest outcomes, nothing secret said."""

    @pytest.fixture
    def market(self) -> OrderMarket:
        raise NotImplementedError

    def whole(self, market: OrderMarket, back: timedelta) -> list[str]:
        codes: list[str] = []
        for first, last in market.source.windows(NOW, NOW - back):
            for state in market.source.states:
                page = 0
                while True:
                    reported = market.source.list_window(first, last, state=state, page=page)
                    assert isinstance(reported, OrderPage)
                    codes += [order.code for order in reported.orders]
                    page += 1
                    if page >= reported.page_count:
                        break
        return codes

    def test_order_comes_back_equal(self, market: OrderMarket):
        created = NOW - timedelta(days=3)
        market.sell("700000001", created)
        reported = market.source.by_code("700000001")
        assert isinstance(reported, OrderRecord)
        assert (reported.code, reported.created_at) == ("700000001", created)
        assert (reported.total_minor, reported.currency) == (11_990_00, "KZT")
        assert reported.lines is not None
        assert [(line.quantity_milli, line.total_minor) for line in reported.lines] == [
            (1000, 11_990_00)
        ]

    def test_every_order_is_met_once_and_none_beyond(self, market: OrderMarket):
        days = [0, 1, 13, 14, 15, 27, 28, 29, 41, 60]
        for number, day in enumerate(days):
            market.sell(str(700000000 + number), NOW - timedelta(days=day))
        expected = [str(700000000 + number) for number, day in enumerate(days) if day <= 41]
        assert sorted(self.whole(market, timedelta(days=41))) == expected

    def test_old_order_is_reached_by_its_number(self, market: OrderMarket):
        market.sell("600000001", NOW - timedelta(days=400))
        reported = market.source.by_code("600000001")
        assert isinstance(reported, OrderRecord)

    def test_order_that_does_not_exist_is_missing(self, market: OrderMarket):
        market.sell("700000001", NOW)
        assert market.source.by_code("799999999") == Missing()

    @pytest.mark.parametrize("fault", NOT_LEARNT)
    def test_half_answer_is_unknown_and_never_empty(self, market: OrderMarket, fault: str):
        market.sell("700000001", NOW)
        market.fail_next(fault)
        reported = market.source.list_window(NOW - timedelta(days=1), NOW, state=None)
        assert isinstance(reported, Unknown)
        assert market.questions() == 1

    def test_wait_requested_for_is_passed_on_and_not_waited(self, market: OrderMarket):
        market.fail_next("busy")
        reported = market.source.list_window(NOW - timedelta(days=1), NOW, state=None)
        assert isinstance(reported, Busy)
        assert reported.retry_after_s == 7
        assert market.questions() == 1

    def test_refused_access_says_what_to_do(self, market: OrderMarket):
        market.fail_next("unauthorized")
        reported = market.source.health(NOW)
        assert isinstance(reported, Misconfigured)
        assert reported.what
        assert reported.how

    def test_healthy_connection_says_so(self, market: OrderMarket):
        assert isinstance(market.source.health(NOW), Healthy)

    @pytest.mark.parametrize("fault", [*NOT_LEARNT, "busy", "unauthorized"])
    def test_nothing_secret_is_stated(self, market: OrderMarket, fault: str):
        market.sell("700000001", NOW)
        market.fail_next(fault)
        stated = repr(market.source.list_window(NOW - timedelta(days=1), NOW, state=None))
        stated += repr(market.source.by_code("700000001"))
        assert market.secrets
        assert [secret for secret in market.secrets if secret in stated] == []


@dataclass
class ReturnsMarket:
    """A reader of return requests and the levers behind it."""

    reader: ReturnsReader
    file: Callable[[str, datetime], tuple[str, str]]  # order, control date → refund id, number
    fail_next: Callable[[str], None]
    end_session: Callable[[], None]
    questions: Callable[[], int]
    secrets: tuple[str, ...] = field(default=())


class ReturnsReaderContract:
    """A reader of return requests: control dates exact, sections mapped, ended access said."""

    CONTROL = datetime(2026, 8, 23, 13, 0, tzinfo=UTC)

    @pytest.fixture
    def requests(self) -> ReturnsMarket:
        raise NotImplementedError

    def test_new_request_shows_number_section_and_control_date(self, requests: ReturnsMarket):
        refund_id, number = requests.file("700000001", self.CONTROL)
        reported = requests.reader.list_section(Section.NEW)
        assert isinstance(reported, ReturnPage)
        assert reported.total == 1
        [reading] = reported.readings
        assert (reading.number, reading.refund_id, reading.section) == (
            number,
            refund_id,
            Section.NEW,
        )
        assert reading.planned_at == self.CONTROL
        assert reading.order_code == "700000001"

    def test_pages_meet_every_request_once(self, requests: ReturnsMarket):
        numbers = [requests.file(str(700000001 + n), self.CONTROL)[1] for n in range(23)]
        met: list[str] = []
        for page in range(3):
            reported = requests.reader.list_section(Section.NEW, page=page)
            assert isinstance(reported, ReturnPage)
            met += [reading.number for reading in reported.readings]
        assert sorted(met) == sorted(numbers)

    def test_counts_name_every_section(self, requests: ReturnsMarket):
        requests.file("700000001", self.CONTROL)
        reported = requests.reader.counts()
        assert isinstance(reported, SectionCounts)
        assert reported.totals == {section: int(section is Section.NEW) for section in Section}

    def test_details_belong_to_the_request_requested_for(self, requests: ReturnsMarket):
        refund_id, number = requests.file("700000001", self.CONTROL)
        reported = requests.reader.details(refund_id, number)
        assert isinstance(reported, ReturnReading)
        assert reported.number == number
        assert requests.reader.details(refund_id, "700000001-9") == Missing()

    @pytest.mark.parametrize("fault", ["server_error", "bad_gateway", "truncated", "drop"])
    def test_half_answer_is_unknown_and_never_empty(self, requests: ReturnsMarket, fault: str):
        requests.file("700000001", self.CONTROL)
        requests.fail_next(fault)
        assert isinstance(requests.reader.list_section(Section.NEW), Unknown)
        assert requests.questions() == 1

    def test_ended_session_is_stated_in_words(self, requests: ReturnsMarket):
        requests.end_session()
        for reported in (requests.reader.counts(), requests.reader.health(NOW)):
            assert isinstance(reported, Misconfigured)
            assert "expired" in reported.what

    def test_nothing_secret_is_stated(self, requests: ReturnsMarket):
        refund_id, number = requests.file("700000001", self.CONTROL)
        stated = repr(requests.reader.details(refund_id, number))
        requests.end_session()
        stated += repr(requests.reader.counts())
        assert requests.secrets
        assert [secret for secret in requests.secrets if secret in stated] == []
