"""The register: walked by key, filtered, taken away as XLSX and CSV that are safe to open, long ones by a job."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.urls import reverse

from qaitar.foundation.models import User
from qaitar.foundation.ops.clock import frozen_at
from qaitar.foundation.ops.jobs import within_walls
from qaitar.kernel.roles import Role
from qaitar.returns.reads import register
from qaitar.returns.reads.register import (
    RegisterFilter,
    register_rows,
    register_slice,
    register_sum,
)
from qaitar.returns.services.intake import Filing, requests_create
from tests.factories.accounts import NOW, Shop, actor
from tests.web.console.desk import counted, words_of
from tests.web.console.office import Office, make_office
from tests.web.hostile_strings import hostile_strings

pytestmark = pytest.mark.django_db
STATEMENTS_MAX = 12


@pytest.fixture
def office(settings: Any) -> Office:
    made = make_office(settings)
    User.objects.update(language="en")
    return made


@pytest.fixture(autouse=True)
def moment() -> Any:
    with frozen_at(NOW):
        yield


def fill(office: Office, shop: Shop, count: int, **reported: Any) -> None:
    """File requests an hour apart, the newest first in number."""
    person = office.staff[Role.OPERATOR] if shop is office.shop else office.timur
    by = actor(person, shop.id)
    filings = [
        Filing(
            store_id=shop.store.pk,
            number=f"7{at:08d}-1",
            source="MANUAL",
            filed_at=NOW - timedelta(hours=at),
            **{"reason_code": "SIZE_MISMATCH", "product_name": f"Товар {at}", **reported},
        )
        for at in range(count)
    ]
    requests_create(filings=filings, actors={shop.id: by}, now=NOW)
    office.look()


def path(name: str = "register", **query: str) -> str:
    requested = "&".join(f"{key}={value}" for key, value in query.items())
    return f"{reverse(f'console:{name}')}?{requested}"


def export_path(**query: str) -> str:
    requested = "&".join(f"{key}={value}" for key, value in query.items())
    return f"{reverse('console:list_export', args=['register'])}?{requested}"


def test_the_register_is_walked_by_key_newest_first_each_line_once(office: Office) -> None:
    fill(office, office.shop, 130, amount_minor=1_000_00)
    fill(office, office.other, 3)
    browser, seen, url = office.owner, list[str](), path()
    for _page in range(3):
        page = browser.get(url).context["page"]
        assert (page.count, page.count_more, page.total.minor) == (130, False, 130 * 1_000_00)
        seen += [row.number for row in page.rows]
        url = page.more_url
    assert url == ""
    assert seen == [f"7{at:08d}-1" for at in range(130)]


def test_more_rows_come_bare_for_the_script(office: Office) -> None:
    fill(office, office.shop, 60)
    browser = office.owner
    more = browser.get(path()).context["page"].more_url
    part = browser.get(more, headers={"HX-Request": "true"}).content.decode()
    assert part.count("<tr data-row>") == 10
    assert "<html" not in part


def test_the_page_costs_a_fixed_number_of_statements(office: Office) -> None:
    fill(office, office.shop, 3)
    few = counted(office.owner, path())
    fill(office, office.shop, 60)
    assert counted(office.owner, path()) == few <= STATEMENTS_MAX


def test_two_merchants_of_one_person_stand_in_one_register(office: Office) -> None:
    fill(office, office.shop, 40)
    fill(office, office.other, 40)
    with within_walls(office.shop.id, office.other.id):
        both = register_slice([office.shop.id, office.other.id], RegisterFilter())
        assert len(both.rows) == 50
        filed = [row.filed_at for row in both.rows]
        assert filed == sorted(filed, reverse=True)
        assert register_sum([office.shop.id, office.other.id], RegisterFilter()).count == 80
        assert register_sum([office.shop.id], RegisterFilter(), most=30).more


def test_the_filter_takes_days_in_full_and_forgives_nonsense(office: Office) -> None:
    """NOW is 11:00 in Almaty: twelve requests, an hour apart, fall on this day, those from midnight on."""
    fill(office, office.shop, 30)
    browser = office.owner

    def count(**query: str) -> int:
        return int(browser.get(path(**query)).context["page"].count)

    assert count(since="2026-05-14") == 12
    assert count(until="2026-05-13") == 18
    assert count(since="2026-05-13", until="2026-05-13") == 18
    assert count(stage="NEW") == 30
    assert count(stage="CLOSED") == 0
    assert count(store=str(office.shop.store.pk)) == 30
    assert count(store=str(office.other.store.pk)) == 0
    assert count(since="yesterday", stage="X", store="1", after="junk") == 30
    assert count(since="0001-01-01", until="9999-12-31") == 30


def test_an_empty_register_says_what_to_do(office: Office) -> None:
    assert "The register is empty" in words_of(office.owner.get(path()))
    fill(office, office.shop, 1)
    assert "Nothing was filed in this part" in words_of(office.owner.get(path(stage="CLOSED")))


def sheet(answer: Any) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    return [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]


def lines(answer: Any) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def test_both_files_say_the_same_and_only_what_was_requested_for(office: Office) -> None:
    fill(office, office.shop, 30, amount_minor=1_234_50, customer_phone="+77011234567")
    fill(office, office.other, 5)
    browser = office.owner
    book = browser.get(export_path(form="XLSX", since="2026-05-14"))
    text = browser.get(export_path(form="CSV", since="2026-05-14"))
    for answer, ending in ((book, "xlsx"), (text, "csv")):
        assert answer["Content-Disposition"].startswith("attachment;")
        assert f".{ending}" in answer["Content-Disposition"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"] == "no-store"
    cells, rows = sheet(book), lines(text)
    assert len(cells) == len(rows) == 13
    assert [row[0] for row in cells[1:]] == [row[0] for row in rows[1:]]
    assert [row[0] for row in cells[1:]] == [f"7{at:08d}-1" for at in range(12)]
    at = rows[0].index("Amount, KZT")
    assert (cells[1][at], rows[1][at]) == (1234.5, "1234,50")
    assert cells[1][cells[0].index("Phone")] == "+77011234567"
    assert rows[1][rows[0].index("Phone")] == "'+77011234567"


def test_no_text_becomes_a_formula_in_the_files(office: Office) -> None:
    """Whatever buyers write, the files open as text: no formula, no link, no broken line."""
    by = actor(office.staff[Role.OPERATOR], office.shop.id)
    words = [word for word in hostile_strings() if "\0" not in word and word.isprintable()][:150]
    words += ["=1+1", "+7", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"]
    filings = [
        Filing(
            store_id=office.shop.store.pk,
            number=f"8{at:08d}-1",
            source="MANUAL",
            filed_at=NOW,
            product_name=word[:400],
            customer_name=word[:150],
            reason_text=word[:250],
        )
        for at, word in enumerate(words)
    ]
    requests_create(filings=filings, actors={office.shop.id: by}, now=NOW)
    browser = office.owner
    answer = browser.get(export_path(form="XLSX"))
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    kinds = {cell.data_type for row in book.worksheets[0].iter_rows() for cell in row}
    assert "f" not in kinds
    assert book.worksheets[0].max_row == len(words) + 1
    table = lines(browser.get(export_path(form="CSV")))
    assert len(table) == len(words) + 1
    assert {len(row) for row in table} == {len(table[0])}
    starts = {cell.strip()[:1] for row in table[1:] for cell in row[4:] if cell.strip()}
    assert not starts & set("=+@")
    page = browser.get(path()).content.decode()
    assert "<script>alert" not in page
    assert "onerror=alert(1)>" not in page


def test_lines_are_read_page_by_page_within_the_callers_walls(office: Office) -> None:
    fill(office, office.shop, 5)
    heard: list[int] = []
    rows = list(register_rows([office.shop.id], RegisterFilter(), noted=heard.append))
    assert (len(rows), heard) == (5, [5])
    assert [len(row) for row in rows] == [len(register.register_columns())] * 5
