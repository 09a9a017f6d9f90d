"""Who does not work on requests is given no whole phone: no list as a file, no call of the API, no journal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from django.urls import reverse

from qaitar.foundation.ops.clock import frozen_at
from qaitar.kernel.roles import Role
from qaitar.returns.services.notes import request_note
from tests.factories.accounts import NOW, actor, make_token, open_walls
from tests.factories.returns import make_case
from tests.web.api.callers import Program
from tests.web.console.office import Office, make_office

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qaitar.returns.models import ReturnRequest

pytestmark = pytest.mark.django_db
PHONE, MASKED = "+77012345678", "+7 7•• ••• •• 78"
MAY = [(Role.VIEWER, False), (Role.CLERK, False), (Role.ACCOUNTANT, False), (Role.OPERATOR, True)]


@pytest.fixture
def office(settings: Any) -> Iterator[Office]:
    with frozen_at(NOW):
        yield make_office(settings)


@pytest.fixture
def case(office: Office) -> ReturnRequest:
    by = actor(office.staff[Role.OPERATOR], office.shop.id)
    made = make_case(office.shop, by, "700000001-1")
    open_walls(office.shop.id)
    request_note(request_id=made.pk, values={"customer_phone": PHONE}, by=by, now=NOW)
    return made


@pytest.mark.parametrize(("role", "whole"), MAY)
def test_phones_in_files_and_calls(
    office: Office, case: ReturnRequest, role: Role, whole: bool
) -> None:
    browser, given, masked = office.browser(role), [], []
    lists = {"register": "", "queue": "", "search": "&q=700000001", "journal": f"&id={case.pk}"}
    for kind, query in lists.items():
        for form in ("CSV", "XLSX"):
            path = reverse("console:list_export", args=[kind])
            answer = browser.get(f"{path}?form={form}{query}")
            assert answer.status_code == 200
            body = answer.getvalue() if answer.streaming else answer.content
            text = body.decode() if form == "CSV" else cells(body)
            given.append(PHONE in text)
            masked.append(MASKED in text)
    program = Program(make_token(office.staff[role], "read"))
    card = program.get(f"/returns/{case.pk}").json()
    assert card["facts"]["customer_phone"] == (PHONE if whole else MASKED)
    for path in ("/returns", f"/returns/{case.pk}/journal", "/orders"):
        text = program.get(path).content.decode()
        assert whole or PHONE not in text
    assert given == [whole] * 8
    assert masked == [not whole] * 8


def cells(body: bytes) -> str:
    book = openpyxl.load_workbook(io.BytesIO(body))
    return " ".join(
        str(value) for row in book.worksheets[0].iter_rows(values_only=True) for value in row
    )
