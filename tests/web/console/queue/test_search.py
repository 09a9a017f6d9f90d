"""Finding a request, and entering one: what is typed once is found by its beginning."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.orders.models import Customer, Order, OrderLine, Store
from qaitar.orders.services.merging import orders_merge
from qaitar.returns.models import ReturnRequest
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls
from tests.factories.orders import file_order
from tests.factories.returns import make_case
from tests.web.console.desk import counted, signed_in, words_of

if TYPE_CHECKING:
    from django.test import Client

    from qaitar.foundation.models import User

pytestmark = pytest.mark.usefixtures("clock")
HTMX = {"HTTP_HX_REQUEST": "true"}


def found(client: Client, query: str) -> list[str]:
    answer = client.get("/search", {"q": query}, **HTMX)
    assert answer.status_code == 200
    assert answer.templates[0].name == "console/queue/partials/search_results.html"
    return [row.number for row in answer.context["search"].rows]


@pytest.mark.parametrize(
    "query", ["700000001", "7000", "оксана", "Оксана п", "+7 701 123-45-67", "4567", "700000001-1"]
)
def test_a_request_is_found_by_any_beginning(
    shop: Shop, aigerim: User, client: Client, query: str
) -> None:
    by = actor(aigerim, shop.id)
    make_case(shop, by)
    make_case(shop, by, "800000009-1", customer_name="Тимур К.", customer_phone="+77779998877")
    assert found(client, query) == ["700000001-1"]


@pytest.mark.parametrize("query", ["", "0000001", "\x00", "%", "_", "'; --", "🙂", "я" * 5000])
def test_what_fits_nothing_finds_nothing(
    shop: Shop, aigerim: User, client: Client, query: str
) -> None:
    make_case(shop, actor(aigerim, shop.id))
    assert found(client, query) == []
    assert words_of(client.get("/search", {"q": query}))


def test_a_whole_number_leads_to_the_card(shop: Shop, aigerim: User, client: Client) -> None:
    case = make_case(shop, actor(aigerim, shop.id))
    answer = client.get("/search", {"q": " 700000001-1 "})
    assert (answer.status_code, answer["Location"]) == (302, f"/returns/{case.pk}")
    assert counted(client, "/search?q=7000", **HTMX) <= 6


def test_nobody_finds_anothers_requests(shop: Shop, client: Client) -> None:
    other = make_shop("ИП Тимур")
    timur = make_person("timur", (other.id, Role.OWNER))
    make_case(other, actor(timur, other.id))
    assert found(client, "7000") == []
    assert found(signed_in(timur), "7000") == ["700000001-1"]


# --- entering by hand -------------------------------------------------------------------------------


@pytest.fixture
def order(shop: Shop) -> Order:
    customer = Customer.objects.create(
        id=new_id(),
        merchant_id=shop.id,
        channel="KASPI",
        external_id="c1",
        name="Айгүл С.",
        phone="+77770001122",
    )
    made = Order.objects.create(
        id=new_id(),
        merchant_id=shop.id,
        store_id=shop.store.pk,
        code="700000001",
        customer_id=customer.pk,
        status="COMPLETED",
        delivered_at=NOW - timedelta(days=3),
        total_minor=18_999_000,
        digest=b"",
        created_at=NOW,
        updated_at=NOW,
    )
    OrderLine.objects.create(
        id=new_id(),
        merchant_id=shop.id,
        order_id=made.pk,
        key="1",
        name="Пылесос Dyson V12",
        total_minor=18_999_000,
    )
    return made


def test_a_number_shows_what_it_brings_and_opens_only_then(
    shop: Shop, order: Order, client: Client
) -> None:
    first = client.post("/returns/new", {"number": "700000001", "store": str(shop.store.pk)})
    assert first.status_code == 200
    facts = [fact.value for fact in first.context["page"].found]
    assert "Пылесос Dyson V12" in facts
    assert "Айгүл С." in facts
    open_walls(shop.id)
    assert not ReturnRequest.objects.exists()
    form = {name: first.context["form"][name].value() for name in ("number", "store", "seen")}
    assert form["number"] == "700000001-1"  # the first attempt of a bare order number
    answer = client.post("/returns/new", form)
    open_walls(shop.id)
    case = ReturnRequest.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/returns/{case.pk}")
    assert (case.number, case.product_name, case.customer_name, case.amount_minor) == (
        "700000001-1",
        "Пылесос Dyson V12",
        "Айгүл С.",
        18_999_000,
    )
    assert case.source == "MANUAL"


def test_earlier_filings_are_displayed_and_the_next_attempt_proposed(
    shop: Shop, aigerim: User, client: Client
) -> None:
    make_case(shop, actor(aigerim, shop.id))
    answer = client.get("/returns/new", {"number": "700000001", "store": str(shop.store.pk)})
    assert [row.number for row in answer.context["page"].existing] == ["700000001-1"]
    assert answer.context["form"]["number"].value() == "700000001-2"


def test_a_number_accepted_is_stated_and_opens_nothing(
    shop: Shop, aigerim: User, client: Client
) -> None:
    make_case(shop, actor(aigerim, shop.id))
    store = str(shop.store.pk)
    form = {"number": "700000001-1", "store": store, "seen": f"{store}:700000001-1"}
    answer = client.post("/returns/new", form)
    assert answer.status_code == 400
    assert "700000001-1" in str(answer.context["form"].errors["number"])
    open_walls(shop.id)
    assert ReturnRequest.objects.count() == 1


@pytest.mark.parametrize(
    "number", ["", "abc", "-1", "1-0", "700000001-", "1" * 30, "7\x00-1", "٧-1"]
)
def test_a_number_that_is_none_is_answered_in_words(
    shop: Shop, client: Client, number: str
) -> None:
    store = str(shop.store.pk)
    answer = client.post(
        "/returns/new", {"number": number, "store": store, "seen": f"{store}:{number}"}
    )
    assert answer.status_code == 400
    assert answer.context["form"].errors["number"]
    open_walls(shop.id)
    assert not ReturnRequest.objects.exists()


def test_another_merchants_store_cannot_be_chosen(shop: Shop, client: Client) -> None:
    other = make_shop("ИП Тимур")
    store = str(other.store.pk)
    form = {"number": "700000001-1", "store": store, "seen": f"{store}:700000001-1"}
    assert client.post("/returns/new", form).status_code == 400
    open_walls(other.id)
    assert not ReturnRequest.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ACCOUNTANT, Role.CLERK])
def test_who_does_not_decide_opens_nothing(shop: Shop, role: Role) -> None:
    other = signed_in(make_person("other", (shop.id, role)))
    assert other.get("/returns/new").status_code == 403
    assert other.post("/returns/new", {"number": "700000001-1"}).status_code == 403


def test_without_a_store_one_is_reported_so(shop: Shop, client: Client) -> None:
    Store.objects.all().delete()
    assert client.get("/returns/new").status_code == 303


@pytest.mark.parametrize(
    ("kind", "number", "query"),
    [
        ("IMEI", "49-015420-323751-8", "490154203237518"),
        ("SERIAL", "SN R58N/30-A1", "r58n/30"),
        ("MARKING", "010460043993125621JgXJ5.T(+)'<", "010460043993125621JgXJ5.T(+)'<"),
    ],
)
def test_every_case_of_an_order_is_found_by_the_number_of_its_unit(
    shop: Shop, aigerim: User, client: Client, kind: str, number: str, query: str
) -> None:
    open_walls(shop.id)
    orders_merge(store=shop.store, records=[file_order("700000001")], now=NOW)
    by = actor(aigerim, shop.id)
    first, _second = make_case(shop, by), make_case(shop, by, "700000001-2")
    make_case(shop, by, "800000009-1")
    assert found(client, query) == []
    unit = f"/returns/{first.pk}/unit"
    noted = client.post(unit, {"kind": kind, "value": number}, **HTMX)
    assert found(client, query) == ["700000001-2", "700000001-1"]
    open_walls(shop.id)
    make_case(shop, by, "700000001-3")
    assert found(client, query) == ["700000001-3", "700000001-2", "700000001-1"]
    client.post(f"/returns/{first.pk}/undo", {"undo": noted.context["told"].undo}, **HTMX)
    # the third was opened with the number and keeps it
    assert found(client, query) == ["700000001-3"]
    assert found(client, "700000001") == ["700000001-3", "700000001-2", "700000001-1"]
