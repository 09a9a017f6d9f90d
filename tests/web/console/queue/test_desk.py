"""What an open page asks meanwhile: who else is here, what the palette finds, how much stands in each view, what moved."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from django.urls import reverse

from qaitar.foundation.ops.clock import frozen_at
from qaitar.foundation.records.models import SavedView
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.returns.models import CasePresence, ReturnRequest
from qaitar.returns.reads.queue import QueueFilter, queue_ids
from qaitar.returns.services.perform_act import request_act
from qaitar.returns.vocabulary import Act, Stage
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls
from tests.factories.returns import make_case
from tests.web.console.desk import counted, signed_in

if TYPE_CHECKING:
    from django.test import Client

    from qaitar.foundation.identity.actors import Actor
    from qaitar.foundation.models import User

pytestmark = pytest.mark.usefixtures("clock")


# --- who else is here -------------------------------------------------------------------------------


def others(client: Client, case: ReturnRequest, **form: str) -> list[str]:
    answer = client.post(reverse("console:present", args=[case.pk]), form)
    if answer.status_code == 204:
        return []
    assert answer.status_code == 200
    found: list[str] = answer.json()["others"]
    return found


def test_two_people_at_one_case_are_reported_of_each_other(
    shop: Shop, by: Actor, client: Client
) -> None:
    case, elsewhere = make_case(shop, by), make_case(shop, by, "700000002-1")
    dana = signed_in(make_person("dana", (shop.id, Role.OPERATOR)))
    assert others(client, case) == []
    assert others(dana, case) == ["Aigerim тоже смотрит эту карточку"]
    assert others(client, case) == ["Dana тоже смотрит эту карточку"]
    assert others(dana, elsewhere) == []
    others(dana, case, left="1")
    assert others(client, case) == []


def test_who_says_nothing_for_half_a_minute_is_gone(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(shop, by)
    dana = signed_in(make_person("dana", (shop.id, Role.OPERATOR)))
    others(dana, case)
    with frozen_at(NOW + timedelta(seconds=30)):
        assert len(others(client, case)) == 1
    with frozen_at(NOW + timedelta(seconds=31)):
        assert others(client, case) == []
        assert CasePresence.objects.count() == 1  # the old line was swept away


def test_presence_costs_one_statement_and_the_card_none(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    before = counted(client, reverse("console:case", args=[case.pk]))
    others(client, case)
    assert counted(client, reverse("console:case", args=[case.pk])) == before <= 12


def test_nobody_is_present_at_a_case_inside_other_walls(
    shop: Shop, by: Actor, client: Client
) -> None:
    other = make_shop("ИП Тимур")
    timur = make_person("timur", (other.id, Role.OWNER))
    theirs = make_case(other, actor(timur, other.id), "799999999-1")
    for pk in (theirs.pk, uuid4()):
        assert client.post(reverse("console:present", args=[pk])).status_code == 404
    open_walls(shop.id, other.id)
    assert CasePresence.objects.count() == 0


# --- the palette ------------------------------------------------------------------------------------


def found(client: Client, query: str = "") -> list[dict[str, str]]:
    answer = client.get(reverse("console:palette"), {"q": query})
    assert answer.status_code == 200
    hits: list[dict[str, str]] = answer.json()["found"]
    return hits


def test_the_palette_knows_views_and_finds_requests(
    shop: Shop, aigerim: User, by: Actor, client: Client
) -> None:
    case = make_case(shop, by, customer_name="Сапарова Айгерим")
    SavedView.objects.create(
        id=new_id(),
        user=aigerim,
        merchant_id=shop.id,
        name="Утро",
        query="due=today",
        created_at=NOW,
    )
    first = found(client)
    assert first[0] == {"label": "Утро", "url": "/?due=today"}
    assert {"label": "Новая", "url": "/?stage=NEW"} in first
    hit = found(client, "сапар")
    assert [(each["label"], each["url"]) for each in hit] == [
        (case.number, reverse("console:case", args=[case.pk]))
    ]
    assert "Сапарова Айгерим" in hit[0]["note"]
    assert found(client, "нетакого") == []


def test_the_palette_costs_few_statements_whatever_it_finds(
    shop: Shop, by: Actor, client: Client
) -> None:
    for n in range(12):
        make_case(shop, by, f"{700000000 + n}-1", customer_name="Сапарова Айгерим")
    assert len(found(client, "сапарова")) == 8
    assert counted(client, reverse("console:palette") + "?q=сапарова") <= 6
    assert counted(client, reverse("console:palette")) <= 6


# --- counts of views --------------------------------------------------------------------------------


def test_views_are_counted_up_to_a_hundred_in_one_statement(
    shop: Shop, aigerim: User, by: Actor, client: Client
) -> None:
    for n in range(101):
        make_case(shop, by, f"{700000000 + n}-1", marketplace_due_at=NOW + timedelta(days=3))
    soon = make_case(shop, by, "700000500-1", marketplace_due_at=NOW + timedelta(hours=2))
    ReturnRequest.objects.filter(pk=soon.pk).update(
        assignee_id=aigerim.pk, pending_press="PRESS_TAKE"
    )
    for name, query in (("Все новые", "stage=NEW"), ("Закрытые", "stage=CLOSED")):
        SavedView.objects.create(
            id=new_id(), user=aigerim, merchant_id=shop.id, name=name, query=query, created_at=NOW
        )
    url = reverse("console:view_counts")
    assert client.get(url).json()["counts"] == ["1", "0", "1", "1", "99+", "0"]
    assert client.get(url, {"due": "late"}).json()["counts"] == ["0", "0", "1", "0", "99+", "0"]
    assert counted(client, url) <= 6


# --- what moved -------------------------------------------------------------------------------------


def test_news_say_whether_each_fits_the_part_one_looks_at(
    shop: Shop, by: Actor, client: Client
) -> None:
    moved = make_case(shop, by)
    after = client.get("/").context["live_cursor"]
    with frozen_at(NOW + timedelta(minutes=1)):
        fresh = make_case(shop, by, "700000002-1")
        request_act(request_id=moved.pk, act=Act.ASK_CUSTOMER, by=by, now=NOW)
        reported = client.get("/live", {"after": after, "stage": "NEW"}).json()
    assert {each["number"]: each["fits"] for each in reported["changed"]} == {
        moved.number: False,
        fresh.number: True,
    }


@pytest.mark.parametrize(
    "part",
    [
        QueueFilter(),
        QueueFilter(stage=Stage.NEW),
        QueueFilter(stage=Stage.WAITING_CUSTOMER),
        QueueFilter(waiting_for_proof=True),
        QueueFilter(assignee_id=7),
        QueueFilter(due_before=NOW + timedelta(days=2)),
        QueueFilter(stage=Stage.NEW, due_before=NOW + timedelta(days=2), assignee_id=7),
        QueueFilter(store_id=UUID(int=9)),
    ],
    ids=str,
)
def test_what_fits_is_the_same_in_python_and_in_sql(
    shop: Shop, by: Actor, part: QueueFilter
) -> None:
    for n in range(6):
        case = make_case(shop, by, f"70000000{n}-1", marketplace_due_at=NOW + timedelta(days=n + 1))
        if n % 2:
            request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=by, now=NOW)
        ReturnRequest.objects.filter(pk=case.pk).update(
            pending_press="PRESS_TAKE" if n % 3 else "", assignee_id=7 if n < 2 else None
        )
    stated = {
        case.pk
        for case in ReturnRequest.objects.all()
        if part.takes(
            stage=Stage(case.stage),
            store_id=case.store_id,
            assignee_id=case.assignee_id,
            waits=bool(case.pending_press),
            due=case.control_at,
        )
    }
    assert stated == set(queue_ids([shop.id], part, 100))
