"""Deciding about many: the preview tells all and writes nothing, the confirmation acts once."""

from __future__ import annotations

import re
import threading
from contextvars import copy_context
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction

from qaitar.foundation.models import IdempotencyRecord, JournalEntry, PlannedEffect, User
from qaitar.kernel.roles import Role
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.perform_act import request_act
from qaitar.returns.vocabulary import Act
from qaitar.web.console.queue.bulk import IDS_MAX
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls
from tests.factories.returns import make_case
from tests.web.console.desk import signed_in, words_of

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse
    from django.test import Client

    from qaitar.foundation.identity.actors import Actor

pytestmark = pytest.mark.usefixtures("clock")
KEY = "0123456789abcdef"


def make_many(shop: Shop, by: Actor, many: int, **reported: object) -> list[UUID]:
    return [make_case(shop, by, f"{700000000 + n}-1", **reported).pk for n in range(many)]


def confirm(
    client: Client, ids: list[UUID], act: str = "ASK_CUSTOMER", **form: str
) -> HttpResponse:
    return client.post("/bulk", {"act": act, "key": KEY, "id": [str(pk) for pk in ids], **form})


def stages(shop: Shop) -> list[str]:
    open_walls(shop.id)
    return list(ReturnRequest.objects.order_by("number").values_list("stage", flat=True))


def test_the_preview_lists_what_would_happen_and_writes_nothing(
    shop: Shop, by: Actor, client: Client
) -> None:
    ids = make_many(shop, by, 3)
    ids.append(make_case(shop, by, "700000009-1", reason_code="").pk)  # class unknown: may not
    lines = JournalEntry.objects.count()
    answer = client.post("/bulk/preview?stage=NEW", {"act": "ASK_CUSTOMER", "id": ids})
    page = answer.context["preview"]
    assert [line.allowed for line in page.lines] == [True, True, True, False]
    assert "класс качества" in page.lines[3].reason
    assert page.back_url == "/?stage=NEW"
    assert all(effect.endswith("× 3") for effect in page.effects)
    assert len(page.effects) == 2
    sent = re.findall(r'name="id" value="([^"]+)"', answer.content.decode())
    assert sorted(sent) == sorted(str(pk) for pk in ids[:3])  # only what may be done is sent on
    assert JournalEntry.objects.count() == lines
    assert set(stages(shop)) == {"NEW"}


def test_the_confirmation_acts_on_all_that_may_and_tells_about_the_rest(
    shop: Shop, by: Actor, client: Client
) -> None:
    ids = make_many(shop, by, 3)
    request_act(request_id=ids[0], act=Act.ASK_CUSTOMER, by=by, now=NOW)  # somebody was faster
    answer = confirm(client, ids)
    assert (answer.status_code, answer["Location"]) == (303, "/")
    words = words_of(client.get("/"))
    assert "700000000-1" in words
    assert "уже" in words
    assert stages(shop) == ["WAITING_CUSTOMER"] * 3
    assert PlannedEffect.objects.filter(kind="OPEN_TICKET").count() == 3


def test_the_same_form_twice_acts_once_and_answers_the_same(
    shop: Shop, by: Actor, client: Client
) -> None:
    ids = make_many(shop, by, 2)
    confirm(client, ids)
    open_walls(shop.id)
    lines = JournalEntry.objects.count()
    User.objects.update(language="en")
    client.get("/")  # the first sentence is read
    assert confirm(client, ids).status_code == 303
    assert "nothing happened twice" in words_of(client.get("/"))
    open_walls(shop.id)
    assert JournalEntry.objects.count() == lines
    assert IdempotencyRecord.objects.count() == 1


def test_a_key_of_another_choice_does_nothing(shop: Shop, by: Actor, client: Client) -> None:
    ids = make_many(shop, by, 2)
    confirm(client, ids[:1])
    confirm(client, ids[1:])
    assert stages(shop) == ["WAITING_CUSTOMER", "NEW"]


def test_a_refusal_in_bulk_needs_its_reason_and_is_reported_where_it_is_not_true(
    shop: Shop, by: Actor, client: Client
) -> None:
    ids = make_many(shop, by, 2)
    ReturnRequest.objects.filter(pk=ids[0]).update(inspection={"unused": False})
    page = client.post("/bulk/preview", {"act": "REFUSE", "id": ids}).context["preview"]
    assert [(line.row.number, line.allowed) for line in page.lines] == [
        ("700000000-1", True),
        ("700000001-1", False),
    ]
    assert [(r.reason, r.recommended) for r in page.reasons] == [("USED_OR_INCOMPLETE", True)]
    assert "700000000" not in page.reasons[0].text
    assert confirm(client, ids, "REFUSE").status_code == 400
    assert stages(shop) == ["NEW", "NEW"]
    text = {"text_USED_OR_INCOMPLETE": "Нет пломбы."}
    assert confirm(client, ids, "REFUSE", reason="USED_OR_INCOMPLETE", **text).status_code == 303
    assert stages(shop) == ["REFUSED", "NEW"]
    assert ReturnRequest.objects.get(pk=ids[0]).pending_text == "Нет пломбы."


@pytest.mark.parametrize(
    "form",
    [
        {"act": "DANCE"},
        {"act": "APPROVE"},
        {"act": "ASK_CUSTOMER", "ids": ""},
        {"act": "ASK_CUSTOMER", "ids": "nonsense 1"},
        {"act": "ASK_CUSTOMER", "key": ""},
        {"act": "ASK_CUSTOMER", "key": "../x"},
    ],
)
def test_a_form_that_does_not_fit_does_nothing(
    shop: Shop, by: Actor, client: Client, form: dict[str, str]
) -> None:
    ids = make_many(shop, by, 1)
    whole = {"key": KEY, "ids": str(ids[0]), **form}
    assert client.post("/bulk", whole).status_code == 303
    assert stages(shop) == ["NEW"]
    assert words_of(client.get("/"))
    assert not IdempotencyRecord.objects.exists()


def test_too_many_are_not_accepted(shop: Shop, client: Client) -> None:
    ids = " ".join(f"00000000-0000-7000-8000-{n:012d}" for n in range(IDS_MAX + 1))
    answer = client.post("/bulk/preview", {"act": "ASK_CUSTOMER", "ids": ids})
    assert answer.status_code == 303
    assert "12000" in words_of(client.get("/")).replace("\xa0", "").replace(" ", "")


def test_twelve_thousand_fields_fit_a_form(shop: Shop, by: Actor, client: Client) -> None:
    ids = [str(pk) for pk in make_many(shop, by, 1)]
    ids += [f"00000000-0000-7000-8000-{n:012d}" for n in range(IDS_MAX - 1)]
    answer = client.post("/bulk/preview", {"act": "ASK_CUSTOMER", "id": ids})
    assert answer.status_code == 200
    assert answer.context["may_count"] == 1


def test_everything_of_a_filter_is_chosen_beyond_the_page(
    shop: Shop, by: Actor, client: Client
) -> None:
    make_many(shop, by, 60)
    answer = client.post("/bulk/preview?stage=NEW", {"act": "ASK_CUSTOMER", "everything": "1"})
    assert answer.context["may_count"] == 60
    form = dict(re.findall(r'name="(key|act)" value="([^"]+)"', answer.content.decode()))
    sent = re.findall(r'name="id" value="([^"]+)"', answer.content.decode())
    assert client.post("/bulk", {**form, "id": sent}).status_code == 303
    assert set(stages(shop)) == {"WAITING_CUSTOMER"}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ACCOUNTANT, Role.CLERK])
def test_who_does_not_decide_has_no_bulk(shop: Shop, by: Actor, role: Role) -> None:
    ids = make_many(shop, by, 1)
    other = signed_in(make_person("other", (shop.id, role)))
    assert other.get("/").context["page"].bulk_acts == ()
    assert other.post("/bulk/preview", {"act": "ASK_CUSTOMER", "id": ids}).status_code == 403
    assert confirm(other, ids).status_code == 403
    assert stages(shop) == ["NEW"]


def test_a_strangers_requests_are_left_out(shop: Shop, by: Actor, client: Client) -> None:
    ids = make_many(shop, by, 1)
    other = make_shop("ИП Тимур")
    timur = make_person("timur", (other.id, Role.OWNER))
    theirs = make_case(other, actor(timur, other.id), "799999999-1")
    answer = client.post("/bulk/preview", {"act": "ASK_CUSTOMER", "id": [*ids, theirs.pk]})
    assert [line.row.number for line in answer.context["preview"].lines] == ["700000000-1"]
    confirm(client, [*ids, theirs.pk])
    assert stages(shop) == ["WAITING_CUSTOMER"]
    assert stages(other) == ["NEW"]


def test_a_bulk_decision_costs_a_fixed_number_of_statements(
    shop: Shop, by: Actor, client: Client
) -> None:
    ids = make_many(shop, by, 40)
    stated: list[str] = []

    def note(execute, sql, params, many, context):  # type: ignore[no-untyped-def]  # Django's wrapper
        stated.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        confirm(client, ids)
    assert sum(not sql.startswith(("SAVEPOINT", "RELEASE")) for sql in stated) <= 9
    assert set(stages(shop)) == {"WAITING_CUSTOMER"}


def test_two_presses_at_once_act_once(committed: object) -> None:
    with transaction.atomic():
        shop = make_shop()
        person = make_person("aigerim", (shop.id, Role.OPERATOR))
        ids = make_many(shop, actor(person, shop.id), 3)
        clients = [signed_in(person), signed_in(person)]
    start, codes = threading.Barrier(2), []

    def press(client: Client) -> None:
        start.wait()
        codes.append(confirm(client, ids).status_code)
        connection.close()

    # each with the frozen clock of this test
    presses = [
        threading.Thread(target=copy_context().run, args=(press, client)) for client in clients
    ]
    for each in presses:
        each.start()
    for each in presses:
        each.join()
    assert codes == [303, 303]
    with transaction.atomic():
        open_walls(shop.id)
        acts = JournalEntry.objects.filter(act="ASK_CUSTOMER")
        assert acts.count() == 3
        assert IdempotencyRecord.objects.count() == 1
