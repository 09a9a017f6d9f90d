"""Recordings of the cabinet: what of them is stored, when each answer was given, whose shop it is, what it changes."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.utils.translation import override

from qaitar.flows.cabinet_words import rejection_sentence, report_notes
from qaitar.flows.take_cabinet import cabinet_look, cabinet_read, cabinet_take
from qaitar.foundation.journal.personal_values import lines_open
from qaitar.foundation.models import JournalEntry, RawIntake
from qaitar.foundation.ops.jobs import within_walls
from qaitar.kernel.roles import Role
from qaitar.orders.models import Store
from qaitar.orders.services.stores import StoreEntry, store_create
from qaitar.returns.models import ReturnRequest
from qaitar.returns.vocabulary import Act
from qaitar.web.console.case.mirror import replaced_values
from qaitar.web.console.case.timeline import timeline_entry

if TYPE_CHECKING:
    from tests.flows.bench import Bench

CASES = Path(__file__).parents[1] / "cases" / "cabinet"
SEEN = datetime(2026, 11, 30, 5, 0, tzinfo=UTC)
SHOP, OTHER = "30000001", "30000002"
SITE = "https://mc.shop.kaspi.kz/refund/api/v1/merchant-cabinet"


def case_bytes(name: str) -> bytes:
    return next(CASES.glob(f"{name}*")).read_bytes()


def detail(**changed: Any) -> dict[str, Any]:
    return {**json.loads(case_bytes("01")), **changed}


def item(number: str = "700000002-1", **changed: Any) -> dict[str, Any]:
    reported = json.loads(case_bytes("10"))["data"][0]
    own = {
        "refundId": number.encode().hex().ljust(24, "0")[:24],
        "applicationNumber": number,
        "order": number.partition("-")[0],
    }
    return {**reported, **own, **changed}


def entry(
    call: str, value: Any, at: datetime | None, shop: str = SHOP, **requested: Any
) -> dict[str, Any]:
    query = "&".join(f"{name}={each}" for name, each in {"merchantId": shop, **requested}.items())
    made: dict[str, Any] = {
        "request": {"method": "GET", "url": f"{SITE}/{call}?{query}"},
        "response": {"status": 200, "content": {"mimeType": "application/json", "text": json.dumps(value)}},
    }  # fmt: skip
    return made if at is None else {"startedDateTime": at.isoformat(), **made}


def listed(
    tab: str, items: list[dict[str, Any]], at: datetime | None, shop: str = SHOP
) -> dict[str, Any]:
    value = {"data": [{**each, "tab": tab} for each in items], "total": len(items)}
    return entry("load-refunds-by-tab", value, at, shop, tab=tab, p=0, s=10)


def archive(*entries: dict[str, Any], **log: Any) -> bytes:
    return json.dumps({"log": {"version": "1.2", "entries": list(entries), **log}}).encode()


@pytest.fixture
def shop(bare: Bench) -> Bench:
    bare.now = SEEN + timedelta(hours=1)
    with within_walls(bare.shop.id):
        Store.objects.filter(pk=bare.shop.store.pk).update(external_id=SHOP)
        bare.shop.store.refresh_from_db()
    return bare


def take(bench: Bench, body: bytes) -> dict[str, Any]:
    with within_walls(bench.shop.id):
        accepted = cabinet_take(
            store_id=bench.shop.store.pk, body=body, received_from="cabinet.har", by=bench.by, now=bench.now
        )  # fmt: skip
    report = cabinet_read(bench.shop.id, bench.now, intake_id=accepted.id, by=bench.by)
    assert report is not None
    return report


def stored_reading(bench: Bench) -> RawIntake:
    with within_walls(bench.shop.id):
        return RawIntake.objects.order_by("received_at", "pk").reverse()[0]


def case_of(bench: Bench, number: str = "700000002-1") -> ReturnRequest:
    with within_walls(bench.shop.id):
        return ReturnRequest.objects.get(number=number)


# --- when an answer was given -------------------------------------------------------------------------------------


def test_inside_one_file_the_newest_answer_stands_whatever_the_order_of_entries(
    shop: Bench,
) -> None:
    closed = listed("CLOSED", [item(description="Возврат оформлен")], SEEN)
    before = listed("NEW", [item(description="Новая заявка")], SEEN - timedelta(minutes=5))
    report = take(shop, archive(closed, before))
    case = case_of(shop)
    assert (case.section, case.status_text, case.section_seen_at) == (
        "CLOSED",
        "Возврат оформлен",
        SEEN,
    )
    assert (report["created"], report["older"], report["taken_as_now"]) == (1, 0, False)


def test_an_older_recording_handed_over_later_changes_nothing_and_says_so(shop: Bench) -> None:
    take(shop, archive(listed("ON_DELIVERY", [item()], SEEN)))
    journal = shop.journal(case_of(shop).pk)
    shop.now += timedelta(days=1)
    report = take(shop, archive(listed("NEW", [item()], SEEN - timedelta(seconds=1))))
    assert (report["updated"], report["unchanged"], report["older"]) == (0, 1, 1)
    case = case_of(shop)
    assert (case.section, case.section_seen_at, case.stage) == ("IN_DELIVERY", SEEN, "IN_DELIVERY")
    assert shop.journal(case.pk) == journal
    with override("en"):
        assert report_notes(report) == (
            "Requests left as they are, because a later look at them is known already: 1.",
        )


def test_an_older_look_still_tells_what_no_newer_one_did(shop: Bench) -> None:
    """The list came first, the detail looked at before it second: photos and the day of receipt are not lost."""
    take(shop, archive(listed("CLOSED", [item()], SEEN)))
    older = entry(
        "load-refund-details", detail(imageUrls=["https://kaspi.kz/1"]), SEEN - timedelta(minutes=1)
    )
    take(shop, archive(older))
    case = case_of(shop)
    assert case.mirror["images"] == ["https://kaspi.kz/1"]
    assert str(case.received_on) == "2026-11-19"
    assert case.section_seen_at == SEEN


def test_the_part_of_a_file_that_is_newer_is_accepted_and_the_older_is_not(shop: Bench) -> None:
    take(shop, archive(listed("ON_DELIVERY", [item(description="Товар в пути")], SEEN)))
    old = listed("NEW", [item(description="Новая заявка", sum=1.0)], SEEN - timedelta(minutes=9))
    new = entry("load-refund-details", {"applicationNumber": "700000002-1", "merchantHint": "x", "refundTab": "ON_DELIVERY"}, SEEN + timedelta(minutes=9))  # fmt: skip
    take(shop, archive(new, old))
    case = case_of(shop)
    assert (case.section, case.status_text, case.amount_minor) == (
        "IN_DELIVERY",
        "Товар в пути",
        410_000,
    )
    assert case.section_seen_at == SEEN + timedelta(minutes=9)


def test_two_companions_with_wrong_clocks_are_put_in_the_right_order(shop: Bench) -> None:
    """One browser's clock is a day fast, the other's three hours slow; what was seen last stands."""
    fast, slow = timedelta(days=1), -timedelta(hours=3)
    first, second = SEEN, SEEN + timedelta(minutes=2)
    later = archive(
        listed("ON_DELIVERY", [item()], second + slow), _handedAt=(shop.now + slow).isoformat()
    )
    earlier = archive(
        listed("NEW", [item()], first + fast), _handedAt=(shop.now + fast).isoformat()
    )
    for body in (later, earlier):
        take(shop, body)
    case = case_of(shop)
    assert (case.section, case.section_seen_at) == ("IN_DELIVERY", second)


def test_a_file_without_moments_is_accepted_as_seen_now_and_says_so(shop: Bench) -> None:
    report = take(shop, archive(listed("NEW", [item()], None)))
    assert report["taken_as_now"] is True
    assert case_of(shop).section_seen_at == shop.now
    with override("en"):
        assert report_notes(report) == (
            "The file does not say when the cabinet showed this; it is taken as seen now.",
        )


def test_a_moment_in_the_future_counts_as_the_reception_and_the_same_file_again_tells_nothing_new(
    shop: Bench,
) -> None:
    body = archive(listed("NEW", [item()], shop.now + timedelta(days=400)))
    take(shop, body)
    came = shop.now
    assert case_of(shop).section_seen_at == came
    shop.now += timedelta(hours=2)
    take(shop, body)
    assert (case_of(shop).section_seen_at, stored_reading(shop).received_at) == (came, came)


# --- the detail's own shape ---------------------------------------------------------------------------------------


def test_the_look_after_the_press_proves_the_refund_at_once(shop: Bench) -> None:
    """«Оформить возврат» was pressed; the detail alone, as captured, tells section and status by its own names."""
    case = shop.file("700000002-1")
    shop.act(case, Act.NOTE_ACCEPTED)
    shop.act(case, Act.NOTE_ARRIVAL)
    shop.act(case, Act.GRANT_REFUND)
    assert case_of(shop).pending_press == "PRESS_GRANT"
    report = take(shop, archive(entry("load-refund-details", detail(), shop.now)))
    case = case_of(shop)
    assert (case.stage, case.outcome, case.pending_press) == ("CLOSED", "REFUNDED", "")
    assert (case.section, case.status_text, case.withdraw_minor) == (
        "CLOSED",
        "Возврат оформлен",
        358_800,
    )
    assert report["unread"] == []
    assert case.mirror.get("unread") is None


def test_a_list_item_and_its_detail_name_no_field_as_unread(shop: Bench) -> None:
    report = take(shop, case_bytes("03"))
    assert (report["created"], report["unread"], report["rejected"]) == (1, [], [])


def test_a_reason_kaspi_has_changed_reaches_the_case_with_the_difference(shop: Bench) -> None:
    take(shop, archive(listed("CLOSED", [item()], SEEN)))
    case = case_of(shop)
    assert (case.reason_code, case.quality, case.counts_as_quality) == (
        "SIZE_MISMATCH",
        "PROPER",
        False,
    )
    relabelled = json.loads(case_bytes("02"))
    changed = {**relabelled, "total": 8200.0, "quantity": 2}
    take(shop, archive(entry("load-refund-details", changed, SEEN + timedelta(minutes=1))))
    case = case_of(shop)
    assert (case.reason_code, case.reason_text) == ("WRONG", "Не как на фото или в описании")
    assert (case.amount_minor, case.quantity_milli) == (820_000, 2_000)
    assert (case.quality, case.counts_as_quality) == ("DIFFERENT_GOODS", True)
    with within_walls(shop.shop.id):
        line = JournalEntry.objects.filter(subject_id=case.pk, act="MIRROR").latest("seq")
        lines_open([line])
    reported = {
        "reason_code": ("SIZE_MISMATCH", "WRONG"),
        "reason_text": ("Не подошел размер", "Не как на фото или в описании"),
        "amount_minor": (410_000, 820_000),
        "quantity_milli": (1_000, 2_000),
        "quality": ("PROPER", "DIFFERENT_GOODS"),
    }
    assert {name: (line.before[name], line.after[name]) for name in reported} == reported
    with override("ru"):
        stated = timeline_entry(line).text
        card = {(each.before, each.after) for each in replaced_values(case.mirror)}
    assert "Не подошел размер → Не как на фото или в описании" in stated
    assert card == {
        ("Не подошел размер", "Не как на фото или в описании"),
        ("4100,00", "8200,00"),
        ("1", "2"),
    }
    again = take(shop, archive(entry("load-refund-details", changed, SEEN + timedelta(minutes=2))))
    assert (again["updated"], again["unchanged"]) == (0, 1)


def test_a_request_first_seen_with_a_changed_reason_tells_the_buyers_own_too(shop: Bench) -> None:
    take(shop, archive(entry("load-refund-details", json.loads(case_bytes("02")), SEEN)))
    case = case_of(shop)
    assert (case.reason_code, case.quality) == ("WRONG", "DIFFERENT_GOODS")
    with within_walls(shop.shop.id):
        first, line = JournalEntry.objects.filter(subject_id=case.pk).order_by("seq")[:2]
        lines_open([first])
    assert first.after["reason_text"] == "Не подошел размер"
    assert (line.before["reason_code"], line.after["reason_code"]) == ("SIZE_MISMATCH", "WRONG")
    (change,) = case.mirror["changes"]
    assert (change["before"], change["after"]) == ("SIZE_MISMATCH", "WRONG")


def test_what_a_person_has_noted_is_not_accepted_for_the_marketplaces(shop: Bench) -> None:
    take(shop, archive(listed("NEW", [item()], SEEN)))
    with within_walls(shop.shop.id):
        ReturnRequest.objects.update(amount_minor=300_000, quality="DEFECTIVE")
    take(shop, archive(listed("NEW", [item(quantity=3)], SEEN + timedelta(minutes=1))))
    case = case_of(shop)
    assert (case.amount_minor, case.quantity_milli, case.quality) == (300_000, 3_000, "DEFECTIVE")


# --- what is stored -----------------------------------------------------------------------------------------------


def noisy() -> bytes:
    """A recording as a browser saves it: other pages, a script, cookies, a buyer's picture beside other pictures."""
    har = json.loads(case_bytes("04"))
    (requested,) = har["log"]["entries"]
    reported = entry("load-refund-details", detail(imageUrls=["https://img.kaspi.kz/1.jpg"]), SEEN)

    def other(url: str, mime: str, text: str, **content: Any) -> dict[str, Any]:
        return {
            "startedDateTime": SEEN.isoformat(),
            "request": {"method": "GET", "url": url, "headers": [{"name": "cookie", "value": "mc-sid=SECRETSID"}]},
            "response": {"status": 200, "content": {"mimeType": mime, "text": text, **content}},
        }  # fmt: skip

    page = copy.deepcopy(requested)
    page["response"]["content"] = {"mimeType": "text/html", "text": "<script>SECRETSCRIPT</script>"}
    har["log"]["entries"] = [
        other("https://mc.shop.kaspi.kz/app.js", "text/javascript", "SECRETSCRIPT"),
        other(
            "https://stats.kz/hit?page=/refund/api/v1", "application/json", '{"a": "SECRETOTHER"}'
        ),
        requested,
        {**requested, "request": {**requested["request"], "method": "OPTIONS"}},
        reported,
        other("https://img.kaspi.kz/1.jpg", "image/jpeg", "UElDVFVSRQ==", encoding="base64"),
        other("https://mc.shop.kaspi.kz/logo.png", "image/png", "TE9HTw==", encoding="base64"),
        page,
    ]
    return json.dumps(har).encode()


def test_of_a_recording_only_the_refunds_answers_are_stored(shop: Bench) -> None:
    body = noisy()
    report = take(shop, body)
    row = stored_reading(shop)
    stored = bytes(row.body)
    for secret in (
        b"SECRET",
        b"cookie",
        b"headers",
        b"UElDVFVSRQ",
        b"TE9HTw",
        b"logo.png",
        b"app.js",
    ):
        assert secret not in stored, secret
    assert (row.digest, row.stored_digest) == (
        hashlib.sha256(body).hexdigest(), hashlib.sha256(stored).hexdigest()
    )  # fmt: skip
    assert row.left_out == report["left_out"] == {
        "other_answers": 3, "preflights": 1, "pictures": 1, "pages": 1, "header_lines": 13,
    }  # fmt: skip
    case = case_of(shop)
    digest = hashlib.sha256(b"PICTURE").hexdigest()
    assert [each["sha256"] for each in case.mirror["pictures"]] == [digest]
    assert [each["code"] for each in report["problems"]] == ["har_body"]
    assert case_of(shop, "700000001-1").section == "NEW"
    with override("en"):
        assert report_notes(report)[-1] == (
            "Not stored: answers of other pages – 3, preliminary questions of the browser – 1, "
            "pictures (their digests are stored) – 1, pages instead of data – 1, headers and cookies – 13."
        )


def test_what_the_companion_hands_over_stays_byte_for_byte(shop: Bench) -> None:
    body = archive(listed("NEW", [item()], SEEN), _handedAt=SEEN.isoformat(), creator={"name": "Qaitar companion"})  # fmt: skip
    take(shop, body)
    assert (bytes(stored_reading(shop).body), stored_reading(shop).left_out) == (body, {})


def test_a_recording_that_came_cut_is_not_stored(shop: Bench) -> None:
    report = take(shop, noisy()[:-40])
    assert (bytes(stored_reading(shop).body), stored_reading(shop).state) == (b"", "QUARANTINED")
    assert [each["code"] for each in report["problems"]] == ["not_json"]


@pytest.mark.parametrize("name", ["21", "22", "23"])
def test_recordings_of_chrome_and_firefox_are_read_as_they_are(shop: Bench, name: str) -> None:
    """Preflights are passed over, text marked as base64 is text, a 304 with its body is an answer."""
    shop.now = datetime(2026, 11, 30, 11, tzinfo=UTC)
    report = take(shop, case_bytes(name))
    assert (report["created"], report["problems"], report["counts"]["NEW"]) == (1, [], 1)
    assert case_of(shop, "700000001-1").section == "NEW"


def test_each_recorded_failure_states_its_own_reason(shop: Bench) -> None:
    bad = [listed("NEW", [item()], SEEN) for _ in range(4)]
    bad[0]["response"] = {"status": 500, "content": {"text": "{}"}}
    bad[1]["response"] = {"status": 304, "content": {}}
    bad[2]["response"] = {"status": 200, "content": {}}
    bad[3]["response"]["content"]["text"] = '{"data": [{"applicationNumb'
    report = take(shop, archive(*bad))
    codes = [each["code"] for each in report["problems"]]
    assert codes == ["har_status", "har_not_modified", "har_body", "har_body"]
    assert "«load-refunds-by-tab NEW: 500»" in report["problems"][0]["reason"]
    empty = take(
        shop, archive({"request": {"url": "https://kaspi.kz/"}, "response": {"status": 200}})
    )
    assert [each["code"] for each in empty["problems"]] == ["no_answers"]


# --- whose shop it is, and whether all came -----------------------------------------------------------------------


def second_store(bench: Bench, number: str) -> Store:
    with within_walls(bench.shop.id):
        entry_ = StoreEntry(name="Вторая точка", external_id=number)
        owner = replace(bench.by, role=Role.OWNER)
        return store_create(merchant_id=bench.shop.id, entry=entry_, by=owner, now=bench.now)


def test_rows_of_another_known_store_of_the_merchant_go_there(shop: Bench) -> None:
    other = second_store(shop, OTHER)
    report = take(shop, case_bytes("06"))
    assert (report["created"], report["rejected"]) == (2, [])
    assert case_of(shop, "700000001-1").store_id == shop.shop.store.pk
    assert case_of(shop, "700000900-1").store_id == other.pk
    with override("en"):
        assert report_notes(report) == (
            "Requests of shop 30000002 went to the store “Вторая точка”: 1.",
        )


@pytest.mark.parametrize("look_only", [True, False])
def test_a_foreign_shop_is_refused_by_name_with_both_numbers(shop: Bench, look_only: bool) -> None:
    if look_only:
        with within_walls(shop.shop.id):
            report = cabinet_look(
                store_id=shop.shop.store.pk, body=case_bytes("06"), by=shop.by, now=shop.now
            )
            assert not ReturnRequest.objects.exists()
            assert not RawIntake.objects.exists()
    else:
        report = take(shop, case_bytes("06"))
        case_of(shop, "700000001-1")
        with within_walls(shop.shop.id):
            assert ReturnRequest.objects.count() == 1
    assert (report["read"], report["created"]) == (2, 1)
    (refused,) = report["rejected"]
    assert refused == {"number": "700000900-1", "code": "OTHER_SHOP", "shop": OTHER}
    with override("en"):
        stated = rejection_sentence(refused, report)
    assert stated == (
        f"Shop {OTHER} is none of your stores; the store “{shop.shop.store.name}” is shop {SHOP}. "
        "These requests were not taken."
    )


def test_a_store_without_a_number_takes_one_shop_and_never_two(bare: Bench) -> None:
    bare.now = SEEN + timedelta(hours=1)
    report = take(bare, case_bytes("06"))
    assert (report["created"], [each["code"] for each in report["rejected"]]) == (
        0,
        ["SHOP_UNCLEAR"] * 2,
    )
    assert take(bare, case_bytes("04"))["created"] == 1


def test_a_file_that_does_not_hold_the_whole_lists_says_how_many_came(shop: Bench) -> None:
    page = listed("NEW", [item(f"70000{n:04d}-1") for n in range(10, 25)], SEEN)
    counts = json.loads(case_bytes("09"))
    for each in counts:
        each["total"] = {"NEW": 23, "EXPERTISE": 4}.get(each["tab"], 0)
    report = take(shop, archive(entry("load-refunds-count", counts, SEEN), page))
    assert report["created"] == 15
    assert [(each["section"], each["expected"], each["read"]) for each in report["lists"]] == [
        ("NEW", 23, 15), ("EXPERTISE", 4, 0),
    ]  # fmt: skip
    with override("ru"):
        assert report_notes(report) == (
            "В файле не весь список: Новые: ожидалось 23, прочитано 15. EXPERTISE: ожидалось 4, прочитано 0.",
        )


def test_a_number_in_another_form_is_reported_with_what_stood_there(shop: Bench) -> None:
    report = take(shop, archive(listed("CLOSED", [item("700000002/1")], SEEN)))
    assert report["rejected"] == [{"number": "700000002/1", "code": "NUMBER_UNREADABLE"}]
    assert (report["read"], report["created"]) == (1, 0)
