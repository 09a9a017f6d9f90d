"""Return requests as the cabinet shows them: the contract, saved bodies, and bodies that went wrong."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaitar.connectors.kaspi_cabinet import facts
from qaitar.connectors.kaspi_cabinet.client import CabinetSession, KaspiCabinet
from qaitar.connectors.kaspi_cabinet.saved import read_saved
from qaitar.contracts.marketplace import ReturnReading, RowRejected, Section, SectionCounts, Unread
from qaitar.contracts.outcome import Healthy, Misconfigured, Unknown
from qaitar.sandbox.kaspi.app import KaspiSite, KaspiStandIn
from qaitar.sandbox.kaspi.faults import FaultKind, KaspiFault
from qaitar.sandbox.kaspi.ledger import BuyerClaim, SoldOrder
from qaitar.sandbox.serving import Serving
from tests.contracts.marketplace import NOW, ReturnsMarket, ReturnsReaderContract

if TYPE_CHECKING:
    from collections.abc import Iterator

REAL = Path(os.environ.get("QAITAR_REAL_DATA", "")) / "kaspi" / "cabinet-refunds-count.json"
CONTROL = datetime(2026, 8, 23, 13, 0, tzinfo=UTC)
PHOTO = b"\xff\xd8\xff\xe0photo"


@pytest.fixture
def kaspi() -> KaspiStandIn:
    return KaspiStandIn(lambda: NOW, shop=KaspiSite())


@pytest.fixture
def served(kaspi: KaspiStandIn) -> Iterator[str]:
    with Serving(kaspi) as serving:
        yield serving.url


@pytest.fixture
def session(served: str) -> CabinetSession:
    return CabinetSession(
        merchant_id="30000001",
        cookie="mc-sid=1; mc-session=stand-in-session",
        enabled=True,
        base_url=served,
        read_timeout_s=3,
    )


@pytest.fixture
def cabinet(session: CabinetSession) -> Iterator[KaspiCabinet]:
    with KaspiCabinet(session) as cabinet:
        yield cabinet


def filed(
    kaspi: KaspiStandIn, code: str = "700000001", control: datetime = CONTROL
) -> tuple[str, str]:
    kaspi.add_order(SoldOrder(code=code, created=NOW - timedelta(days=5)))
    kaspi.ledger.issue(code, at=NOW - timedelta(days=2))
    filing = kaspi.file_return(
        code, BuyerClaim(photos=(PHOTO,), comment="Не нравится цвет"), control=control
    )
    return filing.refund_id, filing.number


class TestContract(ReturnsReaderContract):
    @pytest.fixture
    def requests(self, kaspi: KaspiStandIn, cabinet: KaspiCabinet) -> ReturnsMarket:
        def fail_next(kind: str) -> None:
            kaspi.faults.add("list", KaspiFault(FaultKind(kind.upper())))

        def end_session() -> None:
            kaspi.shops[0].session = ""

        return ReturnsMarket(
            reader=cabinet,
            file=lambda code, control: filed(kaspi, code, control),
            fail_next=fail_next,
            end_session=end_session,
            questions=lambda: len(kaspi.received),
            secrets=("stand-in-session", "7000000001", "(700)-000", "ул. Примерная", "Оксана"),
        )


class TestSession:
    def test_off_by_default_and_then_nothing_is_sent(
        self, kaspi: KaspiStandIn, session: CabinetSession
    ):
        for quiet in (
            replace(session, enabled=False),
            replace(session, cookie=""),
            replace(session, cookie="a\r\nHost: b"),
        ):
            with KaspiCabinet(quiet) as cabinet:
                reported = cabinet.counts()
                assert isinstance(reported, Misconfigured)
                assert "switched off" in reported.what
                assert cabinet.health(NOW) == reported
        assert kaspi.received == []

    def test_redirect_to_login_is_an_ended_session(self):
        kaspi = KaspiStandIn(lambda: NOW, shop=KaspiSite(session=""), expired_redirects=True)
        with Serving(kaspi) as serving:
            session = CabinetSession(
                merchant_id="30000001", cookie="mc-session=x", enabled=True, base_url=serving.url
            )
            with KaspiCabinet(session) as cabinet:
                reported = cabinet.list_section(Section.NEW)
        assert isinstance(reported, Misconfigured)
        assert facts.LOGIN_URL in reported.how

    def test_page_instead_of_data_is_an_ended_session(
        self, kaspi: KaspiStandIn, cabinet: KaspiCabinet
    ):
        kaspi.faults.add("counts", KaspiFault(FaultKind.PAGE))
        assert isinstance(cabinet.counts(), Misconfigured)

    def test_only_reading_and_only_the_own_shop(self, kaspi: KaspiStandIn, cabinet: KaspiCabinet):
        refund_id, number = filed(kaspi)
        assert isinstance(cabinet.health(NOW), Healthy)
        cabinet.list_section(Section.CLOSED)
        cabinet.details(refund_id, number)
        (address,) = cabinet.photos(refund_id)
        assert address.startswith(f"{kaspi.received[-1].site}/photos/{refund_id}/0?v=")
        assert {requested.method for requested in kaspi.received} == {"GET"}
        assert {requested.query["merchantId"] for requested in kaspi.received} == {"30000001"}
        assert {requested.headers["x-auth-version"] for requested in kaspi.received} == {"3"}

    def test_shape_never_seen_is_unknown(self):
        def odd(environ: Any, start: Any) -> list[bytes]:
            start("200 OK", [("Content-Type", "application/json")])
            return [b'{"items": 5}']

        with Serving(odd) as serving:
            session = CabinetSession(
                merchant_id="1", cookie="a=b", enabled=True, base_url=serving.url
            )
            with KaspiCabinet(session) as cabinet:
                reported = [
                    cabinet.counts(),
                    cabinet.list_section(Section.NEW),
                    cabinet.details("1", "2-1"),
                    cabinet.photos("1"),
                ]
        assert [type(outcome) for outcome in reported] == [Unknown] * 4

    def test_details_tell_the_whole_case(self, kaspi: KaspiStandIn, cabinet: KaspiCabinet):
        refund_id, number = filed(kaspi)
        kaspi.press(number, "GRANT")
        reported = cabinet.details(refund_id, number)
        assert isinstance(reported, ReturnReading)
        assert (reported.section, reported.status_text) == (Section.CLOSED, "Возврат оформлен")
        assert (reported.amount_minor, reported.total_withdraw_minor) == (11_990_00, 10_491_00)
        assert (reported.customer_phone_raw, reported.comment) == (None, "Не нравится цвет")
        assert reported.steps is not None
        assert [step.step_type for step in reported.steps][-1] == "WAITING_PAYMENT"
        assert reported.order_completed_on == date(2026, 8, 18)


DETAIL: dict[str, Any] = {
    "refundId": "0123456789abcdef01234567", "applicationNumber": "700000001-2", "tab": "WAITING_DECISION", "reason": "WRONG",
    "refundReason": {"reason": "WRONG", "reasonDescription": "Не как на фото или в описании"},
    "plannedDate": "2026-08-23T18:00:00", "order": "700000001", "productSku": "137957097", "customer": "Оксана Т.", "sum": 4100.0,
    "quantity": 1, "unit": "шт", "weight": None, "description": "Примите решение", "responsible": "MERCHANT", "customerId": "NzAw",
    "customerName": "Оксана Т.", "customerPhone": "+7(700)-000-00-01", "deliveryType": "KASPI_DELIVERY",
    "refundTab": "WAITING_DECISION", "address": "г. Алматы", "orderAddress": {"formattedAddress": "г. Астана"},
    "productPrice": 4100.0, "total": 4100.0, "totalWithdraw": 3587.0, "unitCode": "796", "rejectDescription": "нет",
    "comment": "цвет", "stepDescription": "шаг", "examinationProtocolExist": False, "actions": [{"a": 1}],
    "stateSteps": [
        {"title": "Решение", "stepStatus": "IN_PROGRESS", "stage": "CURRENT", "result": None, "delayed": False, "comment": "к",
         "expirationTime": "2026-08-23T18:00:00", "stepType": "MERCHANT_DECISION", "additionalText": "т",
         "inspectionResultUrl": "https://i", "stepAction": None, "stepHint": "п"},
    ],
    "klTrackUrl": "https://ksint.kaspi.kz/ksl/tracking/order/700000001-2-R", "imageUrls": ["https://1"],
    "orderCompletionDate": "2026-08-15T12:00:00", "daysCountBetweenRefundCreationAndOrderCompletion": 3, "merchantHint": "совет",
    "createdDate": "2026-08-18T12:00:00.5",
    "reasonChangeHistory": [{"originReason": "UNSUITABLE", "originReasonDescription": "Не понравился", "changeContext": "KASPI"}],
}  # fmt: skip
COUNTS = [
    {"tab": "NEW", "tabTitle": "Новые", "total": 1},
    {"tab": "LOST", "tabTitle": "?", "total": 2},
]


def recorded(url: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"request": {"url": url}, "response": {"status": 200, "content": content}}


LOST = (Unread("[1].tab", "unknown_section", "LOST"),)


def as_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def accepted(body: bytes) -> tuple[tuple[ReturnReading, ...], tuple[RowRejected, ...]]:
    """Give the requests read out of a saved body, and what could not be taken of it."""
    saved = read_saved(body)
    return saved.readings, saved.problems


class TestSaved:
    def test_detail_is_read_whole(self):
        [reported], problems = accepted(as_bytes(DETAIL))
        assert problems == ()
        empty = [
            name for name in ReturnReading.__dataclass_fields__ if getattr(reported, name) is None
        ]
        assert empty == [
            "product_name",
            "reason_origin_code",
            "reason_origin_text",
            "image_digests",
            "item_print",
            "seen_at",
        ]
        assert reported.unread == ()
        assert (reported.section, reported.section_raw) == (
            Section.AWAITING_DECISION,
            "WAITING_DECISION",
        )
        assert reported.planned_at == CONTROL
        assert reported.created_at == datetime(2026, 8, 18, 7, 0, 0, 500000, tzinfo=UTC)
        assert (reported.amount_minor, reported.total_withdraw_minor, reported.quantity_milli) == (
            410000,
            358700,
            1000,
        )
        assert (reported.reason_code, reported.order_code) == ("WRONG", "700000001")
        assert reported.actions_raw == ({"a": 1},)

    @pytest.mark.parametrize("wrap", [
        lambda d: d, lambda d: [d], lambda d: {"data": [d], "total": 1}, lambda d: [{"data": [d]}, COUNTS], lambda d: {"data": d},
    ])  # fmt: skip
    def test_any_answer_or_an_array_of_them(self, wrap: Any):
        [reported], problems = accepted(as_bytes(wrap(DETAIL)))
        assert (reported.number, problems) == ("700000001-2", ())

    def test_list_and_detail_of_one_request_come_as_one(self):
        item = {"applicationNumber": "700000001-2", "description": "Новый статус", "tab": "DISPUTE"}
        [reported], _ = accepted(as_bytes([DETAIL, {"data": [item]}]))
        assert (reported.status_text, reported.section, reported.planned_at) == (
            "Новый статус",
            Section.DISPUTE,
            CONTROL,
        )

    def test_control_date_missing_is_accepted_from_the_current_step(self):
        [reported], _ = accepted(as_bytes({**DETAIL, "plannedDate": None}))
        assert reported.planned_at == CONTROL

    def test_section_never_seen_is_stored_by_its_name(self):
        [reported], _ = accepted(as_bytes({**DETAIL, "tab": "FROZEN"}))
        assert (reported.section, reported.section_raw) == (None, "FROZEN")
        assert reported.unread == (Unread("tab", "unknown_section", "FROZEN"),)

    def test_pictures_are_known_by_digest_whose_they_are_by_number_or_address(self):
        url = "https://kaspi.kz/photos/1"
        ours = {"mimeType": "image/png", "size": 3, "comment": f"sha256:{'ab' * 32}"}
        whole = {"mimeType": "image/png", "encoding": "base64", "text": "UE5H"}
        entries = [
            recorded("https://mc.shop.kaspi.kz/refund/api/x", {"text": json.dumps({**DETAIL, "imageUrls": [url]})}),
            recorded(url, whole),
            {**recorded("https://kaspi.kz/photos/2", ours), "comment": "700000009-1"},
            recorded("https://kaspi.kz/logo.png", whole),
            recorded("https://kaspi.kz/photos/3", {**ours, "comment": "sha256:short"}),
        ]  # fmt: skip
        with_pictures, alone = accepted(as_bytes({"log": {"entries": entries}}))[0]
        assert with_pictures.image_digests == {url: hashlib.sha256(b"PNG").hexdigest()}
        assert (alone.number, alone.raw) == ("700000009-1", None)
        assert alone.image_digests == {"https://kaspi.kz/photos/2": "ab" * 32}

    def test_counts(self):
        expected = SectionCounts(totals={Section.NEW: 1}, unknown={"LOST": 2}, unread=LOST)
        assert read_saved(as_bytes(COUNTS)).counts == expected
        assert accepted(as_bytes(COUNTS)) == ((), ())
        assert read_saved(b"{}").counts is None

    def test_browser_recording(self):
        base = "https://mc.shop.kaspi.kz/refund/api/v1/merchant-cabinet"
        item = {"refundId": DETAIL["refundId"], "applicationNumber": "700000001-2"}

        def call(url: str, content: dict[str, Any], status: int = 200) -> dict[str, Any]:
            cookies = [{"name": "mc-session", "value": "SECRET"}]
            return {
                "request": {"url": url, "cookies": cookies},
                "response": {"status": status, "content": content},
            }

        def text(value: Any) -> dict[str, Any]:
            return {"text": as_bytes(value).decode()}

        coded = {"text": base64.b64encode(as_bytes(COUNTS)).decode(), "encoding": "base64"}
        entries = [
            call("https://kaspi.kz/other", text(DETAIL)),
            call(
                f"{base}/load-refunds-by-tab?merchantId=1&tab=NEW&p=0&s=10",
                text({"data": [item], "total": 1}),
            ),
            call(
                f"{base}/refund/{DETAIL['refundId']}/images/preview?merchantId=1",
                text([{"imageUrl": "https://a/1"}]),
            ),
            call(f"{base}/load-refunds-count", coded),
            call(f"{base}/load-refunds-count", {"text": "%%%", "encoding": "base64"}),
            call(f"{base}/load-refund-details", {}, 401),
        ]
        body = as_bytes({"log": {"entries": entries}})
        [reported], problems = accepted(body)
        assert (reported.number, reported.section, reported.image_urls) == (
            "700000001-2",
            Section.NEW,
            ("https://a/1",),
        )
        assert [problem.reason_code for problem in problems] == ["har_body", "har_status"]
        assert read_saved(body).counts == SectionCounts(
            totals={Section.NEW: 1}, unknown={"LOST": 2}, unread=LOST
        )
        assert "SECRET" not in repr((reported, reported.raw, problems))

    @pytest.mark.parametrize(
        ("body", "code"),
        [(b"", "not_json"), (b"<html>", "not_json"), (b"\xff\xfe", "not_json"), (b"[" * 100_000, "not_json"), (b"5", "unknown_shape"),
         (b"null", "unknown_shape"), (b'{"a": 1}', "unknown_shape"), (b"[[[[[[[[[]]]]]]]]]", "unknown_shape"),
         (b'{"refundId": "1"}', "no_number"), (as_bytes([{n: v for n, v in DETAIL.items() if n not in {"refundId", "applicationNumber"}}]), "unknown_shape"), (b'{"applicationNumber": "1-1", "tab": "A", "tab": "B"}', "doubled_field")],
    )  # fmt: skip
    def test_what_cannot_be_read_is_stated(self, body: bytes, code: str):
        _, problems = accepted(body)
        assert [problem.reason_code for problem in problems] == [code]


@pytest.mark.parametrize(
    ("written", "tiyn"),
    [(b"1.29999E7", 1299990000), (b'"12999900.00"', 1299990000), (b"12999900.004", None)],
)
def test_a_refunds_sum_is_read_in_every_form_of_a_number_or_named(written: bytes, tiyn: int | None):
    item = (
        b'{"refundId": "a", "applicationNumber": "1000000002-1", "tab": "NEW", "sum": %b}' % written
    )
    [reading], problems = accepted(b'{"data": [%b], "total": 1}' % item)
    assert problems == ()
    assert (reading.number, reading.order_code) == ("1000000002-1", "1000000002")
    assert reading.amount_minor == tiyn
    named = [(one.name, one.why, one.came) for one in reading.unread if one.name == "sum"]
    assert named == ([] if tiyn else [("sum", "unread", "12999900.004")])


JUNK: list[Any] = [None, True, 0, -1, 10**30, 1e300, "", "x", "\x00\ud800", "9999-12-31T23:59:59+14:00", "0001-01-01T00:00:00", [], {},
                   [None], [[]], {"code": {}}, "700000001-2", "1e999999999"]  # fmt: skip


def places(value: Any, so_far: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [
        place for key, below in inner for place in [(*so_far, key), *places(below, (*so_far, key))]
    ]


def mutated(place: tuple[Any, ...], change: Any) -> bytes:
    whole = copy.deepcopy({"data": [DETAIL], "total": 1})
    target: Any = whole
    for key in place[:-1]:
        target = target[key]
    change(target, place[-1])
    return json.dumps(whole).encode()


def remove(target: Any, key: Any) -> None:
    del target[key]


def double(target: Any, key: Any) -> None:
    target[key] = [target[key], target[key]]


class TestMutations:
    """Each documented field removed, nulled, retyped and doubled: never an exception, never a request lost in silence."""

    def test_every_field_every_way(self):
        def setter(value: Any) -> Any:
            def put(target: Any, key: Any) -> None:
                target[key] = value

            return put

        changes = [remove, double, *(setter(value) for value in JUNK)]
        tried = lost = 0
        for place in places({"data": [DETAIL], "total": 1}):
            for change in changes:
                readings, problems = accepted(mutated(place, change))
                tried += 1
                unreadable = not readings
                lost += unreadable and not problems and place not in {("data",), ("data", 0)}
                storable(readings)
        assert tried > 500
        assert lost == 0

    @given(st.integers(0, 2**32))
    def test_several_at_once_and_broken_text(self, seed: int):
        dice = random.Random(seed)
        body = as_bytes([DETAIL, {"data": [DETAIL]}, COUNTS])
        raw = bytearray(body)
        for _ in range(dice.randint(1, 8)):
            raw[dice.randrange(len(raw))] = dice.choice(b'{}[]",:0123456789ntf\\u')
        readings, problems = accepted(bytes(raw))
        assert readings or problems
        storable(readings)

    @given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), lambda inner: st.lists(inner)
                        | st.dictionaries(st.sampled_from(sorted(DETAIL)), inner), max_leaves=30))  # fmt: skip
    def test_anything_under_their_names(self, value: Any):
        readings, _ = accepted(json.dumps(value).encode())
        storable(readings)


def storable(readings: tuple[ReturnReading, ...]) -> None:
    """What was read fits JSON, UTF-8 and PostgreSQL text."""
    for reading in readings:
        text = json.dumps(reading.raw, ensure_ascii=False) + "".join(
            filter(None, [reading.number, reading.comment])
        )
        assert "\x00" not in text
        assert "\\u0000" not in text
        text.encode()


@pytest.mark.skipif(not REAL.is_file(), reason="QAITAR_REAL_DATA is not given")
def test_captured_counts():
    reported = read_saved(REAL.read_bytes()).counts
    assert reported is not None
    assert reported.totals == {**dict.fromkeys(Section, 0), Section.NEW: 1, Section.CLOSED: 322}
    assert reported.unknown == {}


def test_a_list_whose_sum_is_written_with_a_power_of_ten_is_read_to_the_tiyn():
    case = Path(__file__).parents[1] / "cases" / "cabinet" / "24-refund-sum-1.3e7.json"
    [reading], problems = accepted(case.read_bytes())
    assert problems == ()
    assert (reading.number, reading.amount_minor) == ("700000002-1", 1_299_990_000)
    assert [one for one in reading.unread if one.name == "sum"] == []
