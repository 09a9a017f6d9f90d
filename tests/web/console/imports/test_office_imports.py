"""Files of orders and of the cabinet through the page: counted, reported line by line, mended and sent again."""

from __future__ import annotations

import io
import json
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.urls import reverse

from qaitar.flows import import_later, import_placing
from qaitar.flows.import_later import import_read
from qaitar.flows.take_cabinet import cabinet_read
from qaitar.foundation.identity.actors import system_actor
from qaitar.foundation.models import RawIntake, User
from qaitar.foundation.ops.clock import frozen_at
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.orders.errors import MergeBusy
from qaitar.orders.models import ImportRejection, ImportRun, Order, Store
from qaitar.returns.models import ReturnRequest
from qaitar.sandbox.kaspi.app import KaspiSite, KaspiStandIn
from qaitar.sandbox.kaspi.ledger import BuyerClaim, SoldOrder
from qaitar.sandbox.kaspi.refunds_api import answer as cabinet_answer
from qaitar.web.console.imports import views as import_views
from tests.factories.accounts import NOW
from tests.factories.orders import export_rows, export_xlsx
from tests.web.console.desk import words_of
from tests.web.console.office import Office, make_office

GOOD = {"№ заказа": "300000002"}
BAD = {"№ заказа": "300000003", "Сумма": "дорого"}


@pytest.fixture
def office(db: None, settings: Any) -> Office:
    made = make_office(settings)
    User.objects.update(language="en")
    return made


@pytest.fixture(autouse=True)
def moment() -> Any:
    with frozen_at(NOW):
        yield


def send(office: Office, body: bytes, name: str = "Заказы июль.xlsx", **reported: str) -> Any:
    browser = office.browser(Role.OPERATOR)
    form = {"kind": "orders", "store": str(office.shop.store.pk), **reported}
    return browser.post(
        reverse("console:imports"), {**form, "file": SimpleUploadedFile(name, body)}
    )


def codes(office: Office) -> list[str]:
    office.look()
    return sorted(Order.objects.values_list("code", flat=True))


def figures(answer: Any) -> tuple[int, int, int, int, int]:
    report = answer.context["page"].report
    return report.read, report.created, report.updated, report.unchanged, report.rejected


@pytest.mark.django_db
def test_a_file_is_read_reported_and_twice_changes_nothing(office: Office) -> None:
    """Aigerim sends July's export: two orders come, one line is told with its number and reason; again: nothing new."""
    body = export_xlsx(export_rows({}, GOOD, BAD))
    answer = send(office, body)
    assert answer.status_code == 303
    browser = office.browser(Role.OPERATOR)
    page = browser.get(answer["Location"])
    assert figures(page) == (3, 2, 0, 0, 1)
    assert codes(office) == ["300000001", "300000002"]
    report = page.context["page"].report
    assert [(row.line, row.field, row.value) for row in report.rejected_rows] == [
        (4, "Сумма", "дорого")
    ]
    assert "Заказы июль.xlsx" in words_of(page)
    again = browser.get(send(office, body)["Location"])
    assert figures(again) == (3, 0, 0, 2, 1)
    history = browser.get(reverse("console:imports")).context["page"].history
    assert [(run.read, run.created) for run in history] == [(3, 0), (3, 2)]
    stranger = office.stranger
    assert stranger.get(answer["Location"]).status_code == 404
    assert stranger.get(reverse("console:imports")).context["page"].history == ()


@pytest.mark.django_db
def test_a_file_of_another_shop_is_reported_from_looking_only_on(office: Office) -> None:
    """The number in the warehouse says whose file it is: nothing of it comes in, and both numbers are on the page."""
    office.look()
    Store.objects.filter(pk=office.shop.store.pk).update(external_id="30000001")
    for then in ("look", "take"):
        answer = send(office, export_xlsx(export_rows({}, GOOD)), then=then)
        page = answer
        if answer.status_code == 303:
            page = office.browser(Role.OPERATOR).get(answer["Location"])
        problem = page.context["page"].report.problem
        assert "30000000" in problem
        assert "30000001" in problem
        assert figures(page) == (0, 0, 0, 0, 0)
    assert codes(office) == []


@pytest.mark.django_db
def test_rows_of_the_merchants_other_store_are_reported(office: Office) -> None:
    office.look()
    Store.objects.filter(pk=office.shop.store.pk).update(external_id="30000001")
    second = Store.objects.create(
        id=new_id(),
        merchant_id=office.shop.id,
        name="Second",
        external_id="30000000",
        created_at=NOW,
    )
    answer = send(office, export_xlsx(export_rows({}, GOOD)))
    page = office.browser(Role.OPERATOR).get(answer["Location"])
    assert page.context["page"].report.remarks == (
        "2 rows went to the store «Second»: they carry its shop number.",
    )
    office.look()
    assert set(Order.objects.values_list("store_id", flat=True)) == {second.pk}


@pytest.mark.django_db
def test_rejected_lines_come_as_a_file_that_can_be_mended_and_sent(office: Office) -> None:
    answer = send(office, export_xlsx(export_rows({}, GOOD, BAD)))
    browser = office.browser(Role.OPERATOR)
    url = browser.get(answer["Location"]).context["page"].report.rejected_url
    file = browser.get(url)
    assert file["Content-Disposition"].startswith("attachment;")
    rows = list(openpyxl.load_workbook(io.BytesIO(file.content)).worksheets[0].values)
    head, line = list(rows[0]), list(rows[1])
    assert len(rows) == 2
    assert (line[head.index("№ заказа")], line[head.index("Line")]) == ("300000003", "4")
    assert "Сумма" in str(line[head.index("Why not")])
    book = openpyxl.load_workbook(io.BytesIO(file.content))
    book.worksheets[0].cell(row=2, column=head.index("Сумма") + 1).value = "1000.0"
    mended = io.BytesIO()
    book.save(mended)
    page = browser.get(send(office, mended.getvalue())["Location"])
    assert figures(page) == (1, 1, 0, 0, 0)
    assert "300000003" in codes(office)
    assert office.stranger.get(url).status_code == 404


@pytest.mark.django_db
def test_only_looking_counts_and_changes_nothing(office: Office) -> None:
    answer = send(office, export_xlsx(export_rows({}, GOOD, BAD)), then="look")
    assert answer.status_code == 200
    assert figures(answer) == (3, 2, 0, 0, 1)
    assert "only looked at, nothing was changed" in words_of(answer)
    assert codes(office) == []
    assert (ImportRun.objects.count(), ImportRejection.objects.count()) == (0, 0)
    assert figures(office.browser(Role.OPERATOR).get(send(office, export_xlsx(export_rows({})))["Location"])) == (
        1, 1, 0, 0, 0,
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"MZ\x90\x00" + b"\0" * 64, "orders.xlsx"),
        (b"<html><script>alert(1)</script></html>", "orders.html"),
        (b"just words\n", "a.csv"),
        ("№ заказа;Статус\n1;x\n".encode(), "short.csv"),
        (b"PK\x03\x04broken", "b.xlsx"),
    ],
    ids=["program", "page", "words", "columns missing", "broken"],
)
def test_a_file_that_is_no_export_is_reported_why_and_changes_nothing(
    office: Office, body: bytes, name: str
) -> None:
    answer = send(office, body, name)
    page = answer.client.get(answer["Location"])
    assert "The file could not be read; nothing was changed." in words_of(page)
    assert page.context["page"].report.problem
    assert codes(office) == []
    assert ImportRun.objects.get().state == "FAILED"
    assert b"<script>alert" not in page.content


@pytest.mark.django_db
def test_what_is_missing_in_the_form_is_stated(office: Office) -> None:
    browser, path = office.browser(Role.OPERATOR), reverse("console:imports")
    answer = browser.post(path, {"kind": "orders", "store": str(office.shop.store.pk)})
    assert (answer.status_code, "Choose a file" in words_of(answer)) == (422, True)
    answer = send(office, b"")
    assert "Choose a file that is not empty." in words_of(answer)
    body = export_xlsx(export_rows({}))
    for store in (str(office.other.store.pk), "nonsense"):
        answer = send(office, body, store=store)
        assert (answer.status_code, "Choose the store" in words_of(answer)) == (422, True)
    answer = send(office, body, kind="statement")
    assert "Say what is in the file." in words_of(answer)
    assert codes(office) == []


@pytest.mark.django_db
def test_a_merge_under_way_is_stated_not_stumbled_over(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(**_: Any) -> None:
        raise MergeBusy

    monkeypatch.setattr(import_views, "orders_import", busy)
    answer = send(office, export_xlsx(export_rows({})))
    assert answer.status_code == 422
    assert "Another import of this merchant is under way." in words_of(answer)


@pytest.mark.django_db
def test_the_cabinets_answer_is_stored_and_read_by_a_job(office: Office) -> None:
    body = json.dumps(
        {
            "applicationNumber": "700000009-1",
            "refundId": "R9",
            "orderCode": "700000009",
            "productName": "Чайник",
        }
    ).encode()
    answer = send(office, body, "details.json", kind="returns")
    browser = office.browser(Role.OPERATOR)
    waiting = browser.get(answer["Location"])
    assert waiting.context["page"].report.progress == 0
    office.look()
    row = RawIntake.objects.get()
    cabinet_read(office.shop.id, NOW, intake_id=row.pk, by=system_actor("job"))
    part = browser.get(answer["Location"], headers={"HX-Request": "true"})
    assert part.context["report"].progress is None
    assert part.context["report"].created == 1
    office.look()
    assert ReturnRequest.objects.get().number == "700000009-1"
    assert office.stranger.get(answer["Location"]).status_code == 404


def cabinet_says() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A request's detail with a date nobody can read, and the counts, as a browser would record them."""
    kaspi = KaspiStandIn(lambda: NOW, shop=KaspiSite())
    kaspi.add_order(SoldOrder(code="700000009", created=NOW))
    kaspi.ledger.issue("700000009", at=NOW)
    filing = kaspi.file_return("700000009", BuyerClaim(comment="мало"), control=NOW)
    requested = {"merchantId": "30000001", "refundId": filing.refund_id, "code": filing.number}
    calls = ("load-refund-details", "load-refunds-count")
    detail, counts = (
        cabinet_answer(kaspi.ledger, "30000001", f"/{call}", requested, "https://kaspi.kz")[1]
        for call in calls
    )
    return {
        **detail,
        "sum": 11990,
        "total": 11990,
        "productPrice": 11990,
        "plannedDate": "скоро",
    }, counts


def as_har(*bodies: Any) -> str:
    url = "https://mc.shop.kaspi.kz/refund/api/v1/merchant-cabinet/load"
    entries = [
        {
            "request": {"url": url},
            "response": {"status": 200, "content": {"text": json.dumps(body)}},
        }
        for body in bodies
    ]
    return json.dumps({"log": {"version": "1.2", "entries": entries}})


@pytest.mark.parametrize("way", ["file", "har", "pasted", "pasted har"])
def test_a_recording_and_pasted_text_are_read_as_the_companion_reads(
    office: Office, way: str
) -> None:
    """By whatever way it comes, the card and the report say the same, what could not be read included."""
    detail, counts = cabinet_says()
    text = as_har(detail, counts) if "har" in way else json.dumps([detail, counts])
    if way in {"file", "har"}:
        name = "cabinet.har" if way == "har" else "cabinet.json"
        sent = send(office, text.encode(), name, kind="returns")
    else:
        form = {"kind": "returns", "store": str(office.shop.store.pk), "pasted": text}
        sent = office.browser(Role.OPERATOR).post(reverse("console:imports"), form)
    assert sent.status_code == 303
    office.look()
    row = RawIntake.objects.get()
    assert bytes(row.body) == text.encode()
    cabinet_read(office.shop.id, NOW, intake_id=row.pk, by=system_actor("job"))
    report = words_of(office.browser(Role.OPERATOR).get(sent["Location"]))
    assert "The cabinet counts: New 1" in report
    for stated in ("700000009-1 · Control date (plannedDate)", "скоро", "Is not a date."):
        assert stated in report
    office.look()
    case = ReturnRequest.objects.get()
    assert (case.number, case.product_sku, case.section) == (
        "700000009-1",
        detail["productSku"],
        "NEW",
    )
    card = words_of(office.browser(Role.OPERATOR).get(reverse("console:case", args=[case.pk])))
    assert "1 field of the cabinet's answer could not be read" in card
    assert "Control date (plannedDate) : скоро — Is not a date." in card


def test_pasted_text_that_cannot_be_stored_is_not_lost(office: Office) -> None:
    browser = office.browser(Role.OPERATOR)
    form = {"kind": "returns", "store": str(new_id()), "pasted": '{"a": "набрано"}'}
    answer = browser.post(reverse("console:imports"), form)
    assert answer.status_code == 422
    assert "набрано" in answer.content.decode()
    office.look()
    assert not RawIntake.objects.exists()


def test_a_long_file_is_read_by_a_job_that_tells_how_far_it_is(
    committed: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the limit the page promises, a job reads, and its progress is seen while the merge is still open."""
    monkeypatch.setattr(import_views, "AT_ONCE_ROWS_MAX", 5)
    monkeypatch.setattr(import_later, "REPORT_EVERY_ROWS", 4)
    with transaction.atomic():
        office = make_office(settings)
        User.objects.update(language="en")
    body = export_xlsx(export_rows(*({"№ заказа": f"30000{at:04d}"} for at in range(12))))
    answer = send(office, body)
    browser = answer.client
    page = browser.get(answer["Location"])
    assert page.context["page"].report.progress == 0
    assert "being read" in words_of(page)
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs")
        assert (import_later.LATER_TASK,) in cursor.fetchall()
    reported: list[int] = []
    tell = import_later.ProgressWriter._tell

    def heard(self: import_later.ProgressWriter, rows: int) -> None:
        tell(self, rows)
        reported.append(rows)

    monkeypatch.setattr(import_later.ProgressWriter, "_tell", heard)
    run_id = answer["Location"].rsplit("/", 1)[1]
    merged = import_read(office.shop.id, NOW, run_id=run_id)
    assert merged is not None
    assert (merged.rows.created, reported) == (12, [4, 8, 12])
    done = browser.get(answer["Location"])
    assert figures(done) == (12, 12, 0, 0, 0)
    assert done.context["page"].report.progress is None
    assert import_read(office.shop.id, NOW, run_id=run_id) is None


def test_a_job_that_stumbles_says_so_on_the_page(
    committed: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_views, "AT_ONCE_ROWS_MAX", 1)
    with transaction.atomic():
        office = make_office(settings)
        User.objects.update(language="en")
    answer = send(office, export_xlsx(export_rows({}, GOOD)))
    run_id = answer["Location"].rsplit("/", 1)[1]

    def stumble(**_: Any) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(import_placing, "orders_merge", stumble)
    with pytest.raises(RuntimeError):
        import_read(office.shop.id, NOW, run_id=run_id)
    page = office.browser(Role.OPERATOR).get(answer["Location"])
    assert page.context["page"].report.problem
    assert page.context["page"].report.progress is None
    with transaction.atomic():
        assert codes(office) == []
