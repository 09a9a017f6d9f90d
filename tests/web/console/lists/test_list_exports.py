"""Any list as a file: the lines of the page and no others, safe to open, long ones by a job, links that run out."""

from __future__ import annotations

import csv
import io
from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import openpyxl
import pytest
from django.db import connection
from django.urls import reverse

from qaitar.analytics import export_definitions
from qaitar.analytics.export_definitions import ListExportRequest, ListKind
from qaitar.analytics.models import ListExport
from qaitar.analytics.services import exporting
from qaitar.analytics.services.counting import figures_count
from qaitar.foundation.models import JournalEntry, StoredFile, User
from qaitar.foundation.ops.clock import frozen_at
from qaitar.kernel.roles import Role
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads import register
from qaitar.returns.services.perform_act import Details, request_act
from qaitar.returns.vocabulary import Act, Quality
from qaitar.web.console.lists import views as export_views
from tests.factories.accounts import NOW, actor
from tests.factories.returns import make_case
from tests.web.console.desk import counted, words_of
from tests.web.console.office import Office, make_office

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(settings: Any) -> Office:
    made = make_office(settings)
    User.objects.update(language="en")
    return made


@pytest.fixture(autouse=True)
def moment() -> Any:
    with frozen_at(NOW):
        yield


def fill(office: Office, count: int = 12) -> list[ReturnRequest]:
    """Requests an hour apart at our shop and one at the other; two wait for approval; figures counted."""
    by = actor(office.staff[Role.OPERATOR], office.shop.id)
    cases = []
    for at in range(count):
        reported = {"quality": Quality.MECHANICAL_DAMAGE} if at < 2 else {}
        filed = NOW - timedelta(hours=at)
        cases.append(make_case(office.shop, by, f"7{at:08d}-1", now=filed, **reported))
    for case in cases[:2]:
        details = Details(why="=1+1")
        request_act(request_id=case.pk, act=Act.SEND_FOR_APPROVAL, by=by, now=NOW, details=details)
    make_case(office.other, actor(office.timur, office.other.id), "800000001-1")
    figures_count(office.shop.id, NOW)
    office.look()
    return cases


def address(kind: str, **query: str) -> str:
    requested = "&".join(f"{key}={value}" for key, value in query.items())
    return f"{reverse('console:list_export', args=[kind])}?{requested}"


def sheet(answer: Any) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert not any(cell.data_type == "f" for row in book.worksheets[0].iter_rows() for cell in row)
    return [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]


def table(answer: Any) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def both(browser: Client, kind: str, **query: str) -> list[list[Any]]:
    """Take a list in both forms; they say the same of their first column."""
    cells = sheet(browser.get(address(kind, form="XLSX", **query)))
    lines = table(browser.get(address(kind, form="CSV", **query)))
    assert [line[0] for line in lines] == [
        "" if c[0] is None else str(c[0])[:10] if hasattr(c[0], "isoformat") else str(c[0])
        for c in cells
    ]
    return cells


def test_the_queue_is_accepted_as_it_is_displayed(office: Office) -> None:
    fill(office)
    browser = office.owner
    displayed = [row.number for row in browser.get("/").context["page"].rows]
    assert [row[0] for row in both(browser, "queue")[1:]] == displayed
    assert len(both(browser, "queue", stage="WAITING_APPROVAL")) == 3
    assert len(both(browser, "queue", stage="CLOSED")) == 1
    assert len(both(browser, "queue", due="late")) == 1


def test_search_approvals_and_journal_are_accepted(office: Office) -> None:
    cases = fill(office)
    browser = office.owner
    assert [row[0] for row in both(browser, "search", q="700000003")[1:]] == ["700000003-1"]
    assert len(both(browser, "approvals")) == 3
    journal = both(browser, "journal", id=str(cases[0].pk))
    assert [row[0] for row in journal[1:]] == [1, 2]
    assert journal[2][journal[0].index("Why")] == "=1+1"
    line = JournalEntry.objects.get(subject_id=cases[0].pk, seq=2)
    assert journal[2][-1] == bytes(line.hash).hex()


def test_the_list_inside_a_figure_is_accepted_whole(office: Office, monkeypatch: Any) -> None:
    monkeypatch.setattr(export_definitions, "PAGE", 5)
    fill(office)
    browser = office.owner
    page = browser.get(reverse("console:report_list") + "?measure=answer.WAITING&period=7")
    rows = both(browser, "figure", measure="answer.WAITING", period="7")
    assert len(rows) - 1 == page.context["page"].count == 10
    for way in page.context["page"].exports:
        assert browser.get(way.url).status_code == 200
    name = browser.get(address("figure", measure="answer.WAITING", period="7"))
    assert "Not%20answered%20yet" in name["Content-Disposition"]


@pytest.mark.parametrize("kind", list(ListKind))
def test_nothing_of_others_is_in_a_file(office: Office, kind: ListKind) -> None:
    cases = fill(office)
    query = {"q": "700000003", "id": str(cases[0].pk), "store": str(office.shop.store.pk)}
    answer = office.stranger.get(address(kind.value, form="CSV", **query))
    if kind is ListKind.JOURNAL:
        assert answer.status_code == 404
    else:
        assert all(not row[0].startswith("7") for row in table(answer))


def test_nonsense_is_forgiven_and_an_unknown_list_is_not_there(office: Office) -> None:
    fill(office, 2)
    browser = office.owner
    assert browser.get(address("secrets")).status_code == 404
    assert browser.get(address("journal", id="x")).status_code == 404
    assert browser.get(address("figure", measure="x")).status_code == 404
    odd = {"form": "EXE", "stage": "x", "store": "'", "due": "never", "q": "%00"}
    for kind in ("queue", "register", "search", "approvals", "figure"):
        assert browser.get(address(kind, **odd)).status_code == 200


def test_a_long_list_is_made_by_a_job_and_given_to_its_asker_only(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the limit the page offers to make a file; the job makes it, its page tells how far it is."""
    monkeypatch.setattr(export_views, "EXPORT_AT_ONCE_MAX", 7)
    monkeypatch.setattr(register, "EXPORT_PAGE_ROWS", 5)
    fill(office)
    browser = office.owner
    offer = browser.get(address("register", form="CSV", since="2026-05-13"))
    assert "made into a file beside your work" in words_of(offer)
    answer = browser.post(offer.context["ask_url"])
    assert answer.status_code == 303
    office.look()
    row = ListExport.objects.get()
    assert (row.state, row.form, row.kind) == ("RUNNING", "CSV", "register")
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args->>'export_id' FROM procrastinate_jobs")
        assert (exporting.EXPORT_TASK, str(row.pk)) in cursor.fetchall()
    page = browser.get(answer["Location"])
    assert "0 lines written so far." in words_of(page)
    assert browser.get(f"{answer['Location']}/file").status_code == 404
    assert exporting.list_export(office.shop.id, NOW, export_id=row.pk) is True
    assert exporting.list_export(office.shop.id, NOW, export_id=row.pk) is False
    part = browser.get(answer["Location"], headers={"HX-Request": "true"})
    assert "The file is ready: 12 lines." in words_of(part)
    file = browser.get(f"{answer['Location']}/file")
    assert len(table(file)) == 13
    for close in file._resource_closers:  # not the whole answer: that would end the connection
        close()
    for other in (office.browser(Role.ADMIN), office.stranger):
        assert other.get(answer["Location"]).status_code == 404
        assert other.get(f"{answer['Location']}/file").status_code == 404


def export_of(office: Office, **reported: Any) -> ListExport:
    office.look()
    plain = {
        "merchant_id": office.shop.id,
        "user_id": office.staff[Role.OWNER].pk,
        "merchants": [str(office.shop.id)],
        "kind": "register",
        "wanted": {},
        "form": "CSV",
        "language": "en",
        "started_at": NOW,
    }
    return ListExport.objects.create(**{**plain, **reported})


def test_a_link_runs_out_after_a_week_and_its_file_is_forgotten(office: Office) -> None:
    fill(office, 2)
    row = export_of(office, started_at=NOW - timedelta(days=7) + timedelta(minutes=1))
    assert exporting.list_export(office.shop.id, NOW, export_id=row.pk) is True
    url = reverse("console:list_export_page", args=[row.pk])
    assert office.owner.get(url).status_code == 200
    with frozen_at(NOW + timedelta(minutes=1)):
        assert office.owner.get(url).status_code == 404
        assert office.owner.get(f"{url}/file").status_code == 404
    office.look()
    assert StoredFile.objects.filter(origin=exporting.ORIGIN).count() == 1
    assert exporting.exports_forget(office.shop.id, NOW) == 0
    assert exporting.exports_forget(office.shop.id, NOW + timedelta(minutes=1)) == 1
    office.look()
    assert not ListExport.objects.exists()
    assert not StoredFile.objects.filter(origin=exporting.ORIGIN).exists()


def test_an_export_of_a_merchant_one_has_left_is_gone(office: Office) -> None:
    row = export_of(office, merchants=[str(office.shop.id), str(office.other.id)])
    assert office.owner.get(reverse("console:list_export_page", args=[row.pk])).status_code == 404


def test_a_failed_export_says_so(office: Office) -> None:
    row = export_of(office, wanted={"stage": "NO SUCH STAGE"})
    with pytest.raises(ValueError, match="NO SUCH STAGE"):
        exporting.list_export(office.shop.id, NOW, export_id=row.pk)
    page = office.owner.get(reverse("console:list_export_page", args=[row.pk]))
    assert "The file could not be made." in words_of(page)


def test_a_long_file_costs_statements_by_page_not_by_line(office: Office) -> None:
    fill(office, 3)
    few = counted(office.owner, address("queue", form="XLSX"))
    fill_more = actor(office.staff[Role.OPERATOR], office.shop.id)
    for at in range(40):
        make_case(office.shop, fill_more, f"75{at:07d}-1")
    assert counted(office.owner, address("queue", form="XLSX")) == few


def test_every_list_counts_what_it_writes(office: Office) -> None:
    cases = fill(office)
    wanted = {
        ListKind.SEARCH: {"q": "70000000"},
        ListKind.JOURNAL: {"id": str(cases[0].pk), "number": "x"},
        ListKind.FIGURE: {"measure": "filed", "first": "2026-05-01", "last": "2026-05-14"},
    }
    for kind in ListKind:
        each = ListExportRequest(kind, wanted.get(kind, {}), (office.shop.id,))
        rows = list(each.rows(nullcontext))
        assert len(rows) == each.count(1000) > 0, kind
        assert {len(row) for row in rows} == {len(each.columns())}
        assert each.title()
    assert isinstance(cases[0].pk, UUID)
