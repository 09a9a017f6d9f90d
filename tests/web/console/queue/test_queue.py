"""The queue: what it shows, to whom, in how many statements, and how it stays true."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from qaitar.foundation.records.models import SavedView
from qaitar.kernel.roles import Role
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.perform_act import request_act
from qaitar.returns.vocabulary import Act
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls
from tests.factories.returns import make_case
from tests.web.console.desk import counted, signed_in, words_of

if TYPE_CHECKING:
    from django.test import Client

    from qaitar.foundation.models import User

pytestmark = pytest.mark.usefixtures("clock")
HTMX = {"HTTP_HX_REQUEST": "true"}


def numbers(client: Client, **query: str) -> list[str]:
    answer = client.get("/", query)
    assert answer.status_code == 200
    return [row.number for row in answer.context["page"].rows]


def test_a_stranger_is_requested_to_sign_in(shop: Shop, client: Client) -> None:
    answer = client.__class__().get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/")


def test_the_queue_is_sorted_by_time_left(shop: Shop, aigerim: User, client: Client) -> None:
    by = actor(aigerim, shop.id)
    for n, hours in ((1, 30), (2, 5), (3, -1)):
        due = NOW + timedelta(hours=hours)
        make_case(
            shop, by, f"70000000{n}-1", marketplace_due_at=due, filed_at=NOW - timedelta(days=1)
        )
    assert numbers(client) == ["700000003-1", "700000002-1", "700000001-1"]
    page = client.get("/").context["page"]
    assert (page.tabs[0].count, page.tabs[0].late) == (3, 1)
    assert [row.countdown.urgency for row in page.rows] == ["late", "soon", "calm"]
    assert page.rows[0].fresh


@pytest.mark.parametrize("many", [1, 60])
def test_the_queue_costs_the_same_whatever_it_shows(
    shop: Shop, aigerim: User, client: Client, many: int
) -> None:
    by = actor(aigerim, shop.id)
    for n in range(many):
        make_case(shop, by, f"{700000000 + n}-1")
    assert counted(client, "/") <= 12


def test_the_next_page_goes_on_where_the_last_one_ended(
    shop: Shop, aigerim: User, client: Client
) -> None:
    by = actor(aigerim, shop.id)
    for n in range(70):
        make_case(shop, by, f"{700000000 + n}-1", marketplace_due_at=NOW + timedelta(hours=n + 1))
    first = client.get("/").context["page"]
    assert len(first.rows) == 40
    more = client.get(first.more_url, **HTMX)
    assert more.templates[0].name == "console/queue/partials/queue_rows.html"
    assert [row.number for row in more.context["rows"]] == [
        f"{700000000 + n}-1" for n in range(40, 70)
    ]
    assert more.context["more_url"] == ""
    assert len(client.get(first.more_url).context["page"].rows) == 30  # without HTMX: a page


def test_filters_narrow_the_queue(shop: Shop, aigerim: User, client: Client) -> None:
    by = actor(aigerim, shop.id)
    mine = make_case(shop, by, "700000001-1", marketplace_due_at=NOW + timedelta(hours=2))
    make_case(shop, by, "700000002-1", marketplace_due_at=NOW + timedelta(days=9))
    requested = make_case(shop, by, "700000003-1", marketplace_due_at=NOW + timedelta(days=3))
    request_act(request_id=requested.pk, act=Act.ASK_CUSTOMER, by=by, now=NOW)
    ReturnRequest.objects.filter(pk=mine.pk).update(
        assignee_id=aigerim.pk, pending_press="PRESS_TAKE", pending_since=NOW
    )
    assert numbers(client, stage="WAITING_CUSTOMER") == ["700000003-1"]
    assert numbers(client, assignee="me") == ["700000001-1"]
    assert numbers(client, proof="1") == ["700000001-1"]
    assert numbers(client, due="today") == ["700000001-1"]
    assert numbers(client, store=str(shop.store.pk), stage="NEW") == ["700000001-1", "700000002-1"]
    assert numbers(client, stage="CLOSED") == []
    counts = {tab.label: tab.count for tab in client.get("/").context["page"].tabs}
    assert list(counts.values())[:3] == [3, 2, 1]


@pytest.mark.parametrize("hostile", ["'; DROP TABLE", "\x00", "🙂" * 400, "NEW\n", "-1", "0" * 40])
def test_an_address_that_makes_no_sense_shows_the_whole_queue(
    shop: Shop, aigerim: User, client: Client, hostile: str
) -> None:
    make_case(shop, actor(aigerim, shop.id))
    for name in ("stage", "store", "merchant", "assignee", "due", "after", "proof"):
        assert numbers(client, **{name: hostile}) == ["700000001-1"]


def test_another_merchants_requests_are_nowhere(shop: Shop, aigerim: User, client: Client) -> None:
    other = make_shop("ИП Тимур")
    timur = make_person("timur", (other.id, Role.OWNER))
    theirs = make_case(other, actor(timur, other.id), "799999999-1")
    make_case(shop, actor(aigerim, shop.id))
    assert numbers(client) == ["700000001-1"]
    assert numbers(client, merchant=str(other.id)) == []
    assert numbers(client, store=str(other.store.pk)) == []
    assert client.get("/").context["page"].tabs[0].count == 1
    assert client.get(reverse("console:case", args=[theirs.pk])).status_code == 404


def test_a_person_of_two_merchants_sees_both_and_may_choose_one(shop: Shop) -> None:
    other = make_shop("ИП Тимур")
    both = make_person("both", (shop.id, Role.OPERATOR), (other.id, Role.VIEWER))
    by = actor(both, shop.id)
    open_walls(shop.id, other.id)
    make_case(shop, by, "700000001-1")
    make_case(other, by, "700000002-1")
    client = signed_in(both)
    assert sorted(numbers(client)) == ["700000001-1", "700000002-1"]
    assert numbers(client, merchant=str(other.id)) == ["700000002-1"]
    assert "ИП Тимур" in words_of(client.get("/"))


def test_a_view_is_stored_displayed_and_removed(shop: Shop, aigerim: User, client: Client) -> None:
    answer = client.post("/views/new?due=late", {"name": "Горит", "query": "due=late&x=1"})
    assert (answer.status_code, answer["Location"]) == (303, "/?due=late")
    open_walls(shop.id)
    view = SavedView.objects.get()
    assert (view.name, view.query, view.user_id) == ("Горит", "due=late", aigerim.pk)
    assert [v.label for v in client.get("/?due=late").context["page"].views if v.current][
        -1
    ] == "Горит"
    other = signed_in(make_person("daulet", (shop.id, Role.SENIOR)))
    assert other.post(f"/views/{view.pk}/remove").status_code == 404
    assert client.post(f"/views/{view.pk}/remove").status_code == 303
    open_walls(shop.id)
    assert not SavedView.objects.exists()


def test_a_view_without_a_filter_is_not_stored(shop: Shop, client: Client) -> None:
    assert client.post("/views/new", {"name": "всё", "query": "x=1"}).status_code == 400
    open_walls(shop.id)
    assert not SavedView.objects.exists()


def test_news_are_reported_once_and_cheaply(shop: Shop, aigerim: User, client: Client) -> None:
    by = actor(aigerim, shop.id)
    case = make_case(shop, by)
    cursor = client.get("/").context["live_cursor"]
    quiet = client.get("/live", {"after": cursor})
    assert quiet.json()["changed"] == []
    assert (
        client.get("/live", {"after": cursor}, HTTP_IF_NONE_MATCH=quiet["ETag"]).status_code == 304
    )
    open_walls(shop.id)
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=by, now=NOW)
    news = client.get("/live", {"after": cursor}, HTTP_IF_NONE_MATCH=quiet["ETag"])
    assert [(c["number"], c["stage"]) for c in news.json()["changed"]] == [
        ("700000001-1", "WAITING_CUSTOMER")
    ]
    assert news.json()["counts"]["WAITING_CUSTOMER"] == 1
    assert counted(client, f"/live?after={cursor}") <= 8


def test_the_language_is_remembered(shop: Shop, aigerim: User, client: Client) -> None:
    assert "Очередь" in words_of(client.get("/"))
    answer = client.post("/language", {"language": "en", "next": "/search"})
    assert (answer.status_code, answer["Location"]) == (303, "/search")
    assert "Queue" in words_of(client.get("/"))
    assert (
        client.post("/language", {"language": "en", "next": "https://evil.kz/"})["Location"] == "/"
    )
    client.post("/language", {"language": "xx", "next": "/"})
    aigerim.refresh_from_db()
    assert aigerim.language == "en"
