"""A form whose answer was lost is sent again: done once, told plainly; what somebody else did in between still counts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from qaitar.foundation.journal.personal_values import lines_open
from qaitar.foundation.models import JournalEntry, PlannedEffect
from qaitar.kernel.roles import Role
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.perform_act import request_act
from qaitar.returns.vocabulary import Act
from tests.factories.accounts import NOW, Shop, actor, make_person, open_walls
from tests.factories.returns import make_case

if TYPE_CHECKING:
    from django.test import Client

    from qaitar.foundation.identity.actors import Actor

pytestmark = pytest.mark.usefixtures("clock")
HTMX = {"HTTP_HX_REQUEST": "true"}


def traces(case: ReturnRequest) -> tuple[int, int, int]:
    open_walls(case.merchant_id)
    now = ReturnRequest.objects.get(pk=case.pk)
    return now.version, JournalEntry.objects.count(), PlannedEffect.objects.count()


FORMS: list[tuple[str, dict[str, Any]]] = [
    ("act", {"act": "ASK_CUSTOMER", "version": "1"}),
    ("note", {"customer_answered": "yes", "version": "1"}),
    ("quality", {"quality": "DEFECTIVE", "version": "1"}),
    ("comment", {"note": "Коробка вскрыта", "version": "1"}),
]


@pytest.mark.parametrize(("tail", "form"), FORMS, ids=[tail for tail, _form in FORMS])
def test_a_form_sent_twice_is_done_once(
    shop: Shop, by: Actor, client: Client, tail: str, form: dict[str, Any]
) -> None:
    case = make_case(shop, by)
    assert client.post(f"/returns/{case.pk}/{tail}", form, **HTMX).status_code == 200
    done = traces(case)
    assert done[0] == 2
    again = client.post(f"/returns/{case.pk}/{tail}", form, **HTMX)
    assert again.status_code == 200
    assert again.context["told"].tone in {"ok", "info"}
    assert traces(case) == done


def test_other_words_from_an_old_page_are_another_note(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    for words in ("Раз", "Два"):
        client.post(f"/returns/{case.pk}/comment", {"note": words, "version": "1"}, **HTMX)
    open_walls(shop.id)
    notes = list(JournalEntry.objects.filter(act="COMMENT").order_by("seq"))
    lines_open(notes)
    assert [each.why for each in notes] == ["Раз", "Два"]


def test_the_same_press_by_somebody_else_is_not_ones_own(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    other = make_person("other", (shop.id, Role.OPERATOR))
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=actor(other, shop.id), now=NOW)
    before = traces(case)
    answer = client.post(f"/returns/{case.pk}/act", {"act": "ASK_CUSTOMER", "version": "1"}, **HTMX)
    assert answer.status_code == 409
    assert "Other" in answer.context["case"].notice.text
    assert traces(case) == before


def test_another_press_from_an_old_page_is_refused(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(shop, by)
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=by, now=NOW)
    before = traces(case)
    form = {"act": "TAKE_FOR_INSPECTION", "version": "1"}
    assert client.post(f"/returns/{case.pk}/act", form, **HTMX).status_code == 409
    assert traces(case) == before


def test_a_late_act_sent_twice_is_done_once_though_the_date_was_held_up_to_first(
    shop: Shop, by: Actor, client: Client
) -> None:
    """The program was off across the date: the press writes two lines, and its copy still none."""
    case = make_case(
        shop, by, now=NOW - timedelta(days=9), marketplace_due_at=NOW - timedelta(days=7)
    )
    form = {"act": "ASK_CUSTOMER", "version": "1"}
    assert client.post(f"/returns/{case.pk}/act", form, **HTMX).status_code == 200
    done = traces(case)
    acts = JournalEntry.objects.filter(subject_id=case.pk).order_by("seq")
    assert [line.act for line in acts] == ["CREATE", "GUARD_MISSED", "ASK_CUSTOMER"]
    again = client.post(f"/returns/{case.pk}/act", form, **HTMX)
    assert again.status_code == 200
    assert "второй раз это не выполнено" in again.content.decode()
    assert traces(case) == done
