"""Twenty at once on one decision, one button, one number and one upload: it happens once, and every other is answered."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from qaitar.foundation.models import JournalEntry, PlannedEffect, StoredFile
from qaitar.foundation.ops.clock import utc_now
from qaitar.kernel.roles import Role
from qaitar.returns.models import Evidence, ReturnRequest
from tests.factories.accounts import make_person, open_walls
from tests.web.api.callers import Program, at_once
from tests.web.api.conftest import Cast, make_cast
from tests.web.api.world import photo
from tests.web.console.desk import signed_in

if TYPE_CHECKING:
    from django.test import Client

AT_ONCE = 20


@pytest.fixture
def real(committed: None) -> Cast:
    """The cast with real commits, so that calls meet each other's rows."""
    with transaction.atomic():
        return make_cast()


@pytest.fixture
def case(real: Cast) -> str:
    body = {"store": str(real.shop.store.pk), "number": "700000001-1", "quality": "PROPER"}
    return str(real.operator.post("/returns", body).json()["id"])


def lines_of(cast: Cast) -> Counter[str]:
    """Count the acts in the journal of the one case there is."""
    with transaction.atomic():
        open_walls(cast.shop.id)
        return Counter(JournalEntry.objects.values_list("act", flat=True))


def test_twenty_at_once_on_one_decision_make_it_once(real: Cast, case: str) -> None:
    callers = [real.operator, real.senior, real.owner]

    def call(number: int) -> int:
        path, caller = f"/returns/{case}/acts", callers[number % len(callers)]
        return caller.post(path, {"act": "ASK_CUSTOMER"}).status_code

    answers = Counter(at_once(AT_ONCE, call))
    assert answers == {200: 1, 409: AT_ONCE - 1}
    assert lines_of(real) == {"CREATE": 1, "ASK_CUSTOMER": 1}
    with transaction.atomic():
        open_walls(real.shop.id)
        request = ReturnRequest.objects.get()
        tickets = PlannedEffect.objects.filter(kind="OPEN_TICKET").count()
    assert (request.stage, request.version, tickets) == ("WAITING_CUSTOMER", 2, 1)


def test_twenty_presses_of_one_button_at_once_are_done_once(real: Cast, case: str) -> None:
    """Five people press the same button of the same page four times each."""
    with transaction.atomic():
        now = utc_now()
        people = [make_person(f"p{n}", (real.shop.id, Role.OPERATOR), now=now) for n in range(5)]
    browsers: list[Client] = [signed_in(person) for person in people for _ in range(4)]
    form = {"act": "ASK_CUSTOMER", "version": "1"}

    def press(number: int) -> int:
        return browsers[number].post(f"/returns/{case}/act", form).status_code

    answers = Counter(at_once(AT_ONCE, press))
    assert set(answers) <= {200, 303, 409}
    assert lines_of(real) == {"CREATE": 1, "ASK_CUSTOMER": 1}


def test_twenty_filings_of_one_number_at_once_open_one_case(real: Cast) -> None:
    body = {"store": str(real.shop.store.pk), "number": "700000009-1", "quality": "PROPER"}

    def call(_number: int) -> Any:
        answer = real.operator.post("/returns", body)
        return answer.status_code

    answers = Counter(at_once(AT_ONCE, call))
    assert answers == {201: 1, 422: AT_ONCE - 1}  # the number is known already
    assert lines_of(real) == {"CREATE": 1}


def test_twenty_uploads_of_one_photo_at_once_are_one_piece_of_evidence(
    real: Cast, case: str
) -> None:
    content = photo().read()

    def call(_number: int) -> int:
        sent = photo()
        assert sent.read() == content
        sent.seek(0)
        form = {"kind": "PHOTO_GOODS", "file": sent}
        return Program(real.operator.token).upload(f"/returns/{case}/evidence", form).status_code

    answers = Counter(at_once(AT_ONCE, call))
    assert set(answers) <= {201, 409, 503}
    assert answers[201] >= 1
    with transaction.atomic():
        open_walls(real.shop.id)
        assert (Evidence.objects.count(), StoredFile.objects.count()) == (1, 1)
