"""The cabinet's readings: kept first, read by a job, twice the same; what cannot be read is set aside with a reason."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction

from qaitar.contracts.marketplace import (
    ReturnReading,
    RowRejected,
    SavedAnswers,
    Section,
    SectionCounts,
    Unread,
)
from qaitar.flows import take_cabinet
from qaitar.flows.cabinet_report import Divided, reading_report
from qaitar.flows.poll_cabinet import cabinets_poll
from qaitar.flows.take_cabinet import (
    IntakeStoreMissing,
    ReadingRefused,
    actor_from,
    cabinet_read,
    cabinet_take,
    readings_take,
)
from qaitar.foundation.connections.systems import Entered, connection_save
from qaitar.foundation.models import RawIntake
from qaitar.foundation.ops.jobs import within_walls
from qaitar.returns.errors import CaseChanged
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.case_change import RUN_TASK
from qaitar.returns.services.mirroring import Look, Mirrored
from qaitar.returns.services.notes import request_note
from qaitar.returns.vocabulary import Act
from tests.factories.accounts import make_merchant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from tests.flows.bench import Bench

DETAIL = {
    "applicationNumber": "700000009-1",
    "refundId": "R9",
    "orderCode": "700000009",
    "productName": "Чайник",
}


def take(bench: Bench, body: bytes) -> Any:
    with within_walls(bench.shop.id):
        return cabinet_take(
            store_id=bench.shop.store.pk,
            body=body,
            received_from="companion",
            by=bench.by,
            now=bench.now,
        )


def intakes(bench: Bench) -> list[RawIntake]:
    with within_walls(bench.shop.id):
        return list(RawIntake.objects.order_by("pk"))


def read(bench: Bench, intake_id: UUID) -> Any:
    return cabinet_read(bench.shop.id, bench.now, intake_id=intake_id, by=bench.by)


def cases(bench: Bench) -> list[ReturnRequest]:
    with within_walls(bench.shop.id):
        return list(ReturnRequest.objects.order_by("number"))


def test_a_body_is_stored_byte_for_byte_before_it_is_read(bare: Bench) -> None:
    body = json.dumps([DETAIL], ensure_ascii=False).encode()
    accepted = take(bare, body)
    (row,) = intakes(bare)
    assert (bytes(row.body), row.state, row.pk, accepted.new) == (body, "STORED", accepted.id, True)
    assert cases(bare) == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args->>'intake_id' FROM procrastinate_jobs")
        assert cursor.fetchall() == [("qaitar.flows.tasks.cabinet_read", str(accepted.id))]


def test_reading_makes_the_case_and_reading_again_changes_nothing(bare: Bench) -> None:
    accepted = take(bare, json.dumps([DETAIL]).encode())
    report = read(bare, accepted.id)
    assert (report["read"], report["created"], report["rejected"]) == (1, 1, [])
    (case,) = cases(bare)
    assert (case.number, case.product_name, case.source) == ("700000009-1", "Чайник", "CABINET")
    again = read(bare, accepted.id)
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 1)
    assert [row.state for row in intakes(bare)] == ["READ"]
    assert bare.journal(case.pk) == ["CREATE"]


def test_the_same_bytes_are_one_intake_looked_at_once_more(bare: Bench) -> None:
    body = json.dumps([DETAIL]).encode()
    first, other = take(bare, body), take(bare, b"{}")
    read(bare, first.id)
    began = bare.now
    bare.now += timedelta(minutes=10)
    second = take(bare, body)
    assert (second.id, second.new) == (first.id, False)
    came = {row.pk: row.received_at for row in intakes(bare)}
    assert came == {first.id: bare.now, other.id: began}
    read(bare, second.id)
    (case,) = cases(bare)
    assert case.section_seen_at == bare.now


@pytest.mark.parametrize(
    "body", [b"{", b"<html>Login</html>", b"\xff\xfe\x00", b'{"anything": "else"}']
)
def test_what_cannot_be_read_is_set_aside_with_the_reason(bare: Bench, body: bytes) -> None:
    accepted = take(bare, body)
    report = read(bare, accepted.id)
    (row,) = intakes(bare)
    stored = body if body.startswith(b'{"') else b""  # bytes that are no JSON may hold anything
    assert (row.state, bytes(row.body)) == ("QUARANTINED", stored)
    assert row.digest == hashlib.sha256(body).hexdigest()
    assert row.stored_digest == hashlib.sha256(stored).hexdigest()
    assert row.left_out == ({} if stored else {"not_json": len(body)})
    assert report["problems"][0]["reason"]
    assert row.report == report
    assert cases(bare) == []


def test_one_bad_number_stops_no_other_request(bare: Bench) -> None:
    body = json.dumps([{**DETAIL, "applicationNumber": "???"}, DETAIL]).encode()
    report = read(bare, take(bare, body).id)
    assert report["created"] == 1
    assert len(report["rejected"]) + len(report["problems"]) == 1
    assert [case.number for case in cases(bare)] == ["700000009-1"]


def test_an_empty_or_foreign_body_is_not_stored(bare: Bench) -> None:
    with pytest.raises(ReadingRefused):
        take(bare, b"")
    with transaction.atomic():
        stranger = make_merchant("Чужой").pk
    with pytest.raises(IntakeStoreMissing), within_walls(stranger):
        cabinet_take(
            store_id=bare.shop.store.pk,
            body=b"[]",
            received_from="companion",
            by=bare.by,
            now=bare.now,
        )
    assert intakes(bare) == []


@pytest.mark.parametrize(
    "reported",
    [
        {
            "marketplace_due_at": datetime(2026, 5, 20, 7, 0, tzinfo=UTC),
            "marketplace_due_section": "IN_DELIVERY",
        },
        {"planned_arrival_on": date(2026, 5, 20)},
    ],
    ids=["by the marketplace", "by a person"],
)
def test_the_planned_day_once_reported_lets_the_return_order_go_at_once(
    bench: Bench, reported: dict[str, Any]
) -> None:
    case = bench.file()
    bench.prove(case)
    bench.act(case, Act.TAKE_FOR_INSPECTION)
    bench.run_effects()
    assert bench.one("CREATE_RETURN_ORDER").payload["waits"] == "PLANNED_DATE"
    with within_walls(bench.shop.id):
        request_note(request_id=case.pk, values=reported, by=bench.by, now=bench.now)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s", [RUN_TASK]
            )
            assert cursor.fetchone() == (1,)
    bench.run_effects(timedelta(seconds=1))
    assert bench.one("CREATE_RETURN_ORDER").state == "DONE"
    (document,) = bench.onec.base.rows["Document_ЗаявкаНаВозвратТоваровОтКлиента"]
    assert document["ДатаПоступления"][:10] == "2026-05-20"


@pytest.mark.parametrize("consent", [False, None])
def test_the_cabinet_is_not_read_directly_unless_consented(
    bare: Bench, consent: bool | None
) -> None:
    if consent is not None:
        session(bare, "http://127.0.0.1:9", consent=consent)
    assert cabinets_poll(bare.shop.id, bare.now) == 0
    assert intakes(bare) == []
    if consent is not None:
        assert bare.connection("kaspi_cabinet_session").health == "UNTESTED"


def test_a_direct_reading_that_cannot_be_had_is_stated_on_the_connection(bare: Bench) -> None:
    session(bare, "http://127.0.0.1:9", consent=True)
    assert cabinets_poll(bare.shop.id, bare.now) == 0
    row = bare.connection("kaspi_cabinet_session")
    assert (row.health, row.health_at) == ("BUSY", bare.now)
    assert "could not be reached" in row.health_detail


def session(bench: Bench, url: str, *, consent: bool) -> None:
    entered = Entered(
        "kaspi_cabinet_session",
        store_id=bench.shop.store.pk,
        settings={"merchant_id": "M1", "base_url": url, "consent": consent},
        secrets={"cookie": "a=b"},
    )
    with within_walls(bench.shop.id):
        connection_save(merchant_id=bench.shop.id, entered=entered, now=bench.now)


def test_a_body_is_stored_with_who_brought_it_and_its_reading_is_ordered_in_their_name(
    bare: Bench,
) -> None:
    body = b"[]"

    def bring(received_from: str) -> None:
        with within_walls(bare.shop.id):
            cabinet_take(
                store_id=bare.shop.store.pk,
                body=body,
                received_from=received_from,
                by=bare.by,
                now=bare.now,
            )

    bring("a" * 201)
    (row,) = intakes(bare)
    assert (row.merchant_id, row.store_id) == (bare.shop.id, bare.shop.store.pk)
    assert (row.source, row.content_type) == ("kaspi_cabinet", "application/json")
    assert row.digest == hashlib.sha256(body).hexdigest()
    assert (row.received_at, row.received_from) == (bare.now, "a" * 200)
    with connection.cursor() as cursor:
        cursor.execute("SELECT args::text FROM procrastinate_jobs")
        args = json.loads(cursor.fetchone()[0])
    assert args["merchant_id"] == str(bare.shop.id)
    assert actor_from(args["by"]) == replace(bare.by, request_ref="")
    bare.now += timedelta(minutes=1)
    bring("b" * 201)
    (row,) = intakes(bare)
    assert (row.received_at, row.received_from) == (bare.now, "b" * 200)
    bare.now -= timedelta(hours=1)
    bring("older")
    assert intakes(bare)[0].received_from == "b" * 200


def test_a_body_that_is_too_large_is_refused_with_its_size(bare: Bench) -> None:
    with pytest.raises(ReadingRefused, match=r"^33554433 bytes; 1 to 33554432 are taken$"):
        take(bare, bytes(32 * 1024 * 1024 + 1))
    assert intakes(bare) == []


def test_only_an_intake_of_the_cabinet_is_read_and_the_report_stays_with_it(bare: Bench) -> None:
    accepted = take(bare, json.dumps([DETAIL]).encode())
    assert read(bare, bare.shop.id) is None
    with within_walls(bare.shop.id):
        RawIntake.objects.update(source="webhook")
    assert read(bare, accepted.id) is None
    assert cases(bare) == []
    with within_walls(bare.shop.id):
        RawIntake.objects.update(source="kaspi_cabinet")
    bare.now += timedelta(minutes=5)
    report = read(bare, accepted.id)
    (row,) = intakes(bare)
    assert (row.state, row.report, row.read_at) == ("READ", report, bare.now)


def report_of(bench: Bench, mirrored: Mirrored, saved: SavedAnswers) -> dict[str, Any]:
    return reading_report(mirrored, saved, Divided(bench.shop.store, (), {}), {})


def test_a_report_tells_counts_refusals_and_what_was_not_understood(bare: Bench) -> None:
    unread = Unread("plannedDate", "not_a_date", "завтра")
    saved = SavedAnswers(
        readings=(ReturnReading(number="7" * 61, unread=(unread,)),),
        problems=(RowRejected(row_number=3, reason_code="no_number", reason="No number."),),
        counts=SectionCounts(
            totals={Section.NEW: 4}, unknown={"ODD": 2}, unread=(Unread("TOTAL", "missing"),)
        ),
    )
    mirrored = Mirrored(read=5, created=1, updated=2, unchanged=3, rejected=[("1-1", "bad")])
    assert report_of(bare, mirrored, saved) == {
        "read": 5,
        "created": 1,
        "updated": 2,
        "unchanged": 3,
        "older": 0,
        "store": {"name": bare.shop.store.name, "number": ""},
        "rejected_count": 2,
        "taken_as_now": True,
        "shops": [],
        "lists": [],
        "left_out": {},
        "rejected": [{"number": "1-1", "code": "bad"}],
        "problems": [{"row": 3, "code": "no_number", "reason": "No number."}],
        "unread": [
            {"number": "", "name": "TOTAL", "why": "missing", "came": ""},
            {"number": "7" * 60, "name": "plannedDate", "why": "not_a_date", "came": "завтра"},
        ],
        "counts": {"NEW": 4, "ODD": 2},
    }
    silent = report_of(bare, Mirrored(), SavedAnswers(readings=(), problems=()))
    assert (silent["counts"], silent["unread"]) == ({}, [])


def test_of_many_the_first_two_hundred_are_reported(bare: Bench) -> None:
    saved = SavedAnswers(
        readings=(ReturnReading(number="1", unread=(Unread("a", "missing"),) * 201),),
        problems=saved_problems(201),
    )
    report = report_of(bare, Mirrored(rejected=[("1", "bad")] * 201), saved)
    assert report["rejected_count"] == 402
    assert [len(report[name]) for name in ("rejected", "problems", "unread")] == [200] * 3


def saved_problems(count: int) -> tuple[RowRejected, ...]:
    return tuple(RowRejected(row_number=n, reason_code="x", reason="X.") for n in range(count))


# --- many readings are applied in short transactions ---------------------------------------------------------------


class Applied:
    """Stands in the place of `readings_apply`: tells what it was given and is disturbed some times first."""

    def __init__(self, disturbed: int = 0) -> None:
        self.disturbed = disturbed
        self.given: list[list[str]] = []

    def __call__(self, look: Look, readings: Sequence[ReturnReading]) -> Mirrored:
        assert connection.in_atomic_block
        self.given.append([each.number for each in readings])
        if self.disturbed:
            self.disturbed -= 1
            raise CaseChanged
        n = len(readings)
        return Mirrored(n, 2 * n, 3 * n, 4 * n, n, [(each.number, "BAD") for each in readings])


def many(bench: Bench, applied: Applied, monkeypatch: pytest.MonkeyPatch) -> Mirrored:
    monkeypatch.setattr(take_cabinet, "readings_apply", applied)
    monkeypatch.setattr(take_cabinet, "BATCH", 2)
    look = Look(bench.shop.store.pk, bench.shop.id, bench.by, bench.now, bench.now)
    return readings_take(look, [ReturnReading(number=f"{n}-1") for n in range(5)])


def test_batches_add_up_and_leave_nothing_out(bare: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    applied = Applied()
    total = many(bare, applied, monkeypatch)
    assert applied.given == [["0-1", "1-1"], ["2-1", "3-1"], ["4-1"]]
    assert (total.read, total.created, total.updated, total.unchanged) == (5, 10, 15, 20)
    assert total.rejected == [(f"{n}-1", "BAD") for n in range(5)]


@pytest.mark.parametrize("disturbed", [1, 2])
def test_a_batch_somebody_acted_in_meanwhile_is_applied_again(
    bare: Bench, monkeypatch: pytest.MonkeyPatch, disturbed: int
) -> None:
    applied = Applied(disturbed)
    total = many(bare, applied, monkeypatch)
    assert applied.given == [["0-1", "1-1"]] * (disturbed + 1) + [["2-1", "3-1"], ["4-1"]]
    assert total.read == 5


def test_a_batch_that_is_disturbed_again_and_again_is_given_up_for_the_job_to_come_back(
    bare: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied = Applied(disturbed=3)
    with pytest.raises(CaseChanged):
        many(bare, applied, monkeypatch)
    assert applied.given == [["0-1", "1-1"]] * 3
