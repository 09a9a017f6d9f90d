"""The order's line a case is about: chosen on the card, corrected, taken back; filings are counted per line."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from qaitar.foundation.models import JournalEntry
from qaitar.kernel.roles import Role
from qaitar.orders.models import OrderLine
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import case_load
from qaitar.returns.vocabulary import Act
from tests.factories.accounts import Shop, make_person, make_shop, open_walls
from tests.factories.returns import take
from tests.returns.test_claims import CUPS, IRON, KETTLE, blocked, filed, sell
from tests.web.console.desk import signed_in, versioned, words_of

if TYPE_CHECKING:
    from uuid import UUID

    from django.test import Client

    from qaitar.foundation.identity.actors import Actor

pytestmark = pytest.mark.usefixtures("clock")
HTMX = {"HTTP_HX_REQUEST": "true"}
ABOUT = ("line_id", "product_name", "product_sku", "quantity_milli", "amount_minor")


def line_of(article: str) -> UUID:
    return OrderLine.objects.get(offer_code=article).pk


def about(case: ReturnRequest) -> tuple[object, ...]:
    open_walls(case.merchant_id)
    fresh = ReturnRequest.objects.get(pk=case.pk)
    return tuple(getattr(fresh, name) for name in ABOUT)


def notes_of(case: ReturnRequest) -> list[JournalEntry]:
    open_walls(case.merchant_id)
    return list(JournalEntry.objects.filter(subject_id=case.pk, act="NOTE").order_by("seq"))


def test_the_card_offers_the_lines_and_what_is_chosen_follows(
    shop: Shop, by: Actor, client: Client
) -> None:
    sell(shop, KETTLE, IRON, CUPS)
    kettle, iron, cups = (line_of(article) for article in ("K-1", "I-1", "C-3"))
    case = filed(shop, by, 1)
    url = f"/returns/{case.pk}/line"
    card = client.get(f"/returns/{case.pk}").context["case"]
    assert (card.line_url, card.line_known) == (url, False)
    assert [(each.id, each.chosen) for each in card.lines] == [
        (str(pk), False) for pk in (kettle, iron, cups)
    ]
    answer = client.post(url, versioned(case, {"line": str(kettle)}), **HTMX)
    assert about(case) == (kettle, "Чайник", "K-1", 1000, 1_000_000)
    first = answer.context["told"].undo
    [note] = notes_of(case)
    assert (note.actor_name, note.before["line_id"], note.after["line_id"]) == (
        by.name, None, str(kettle),
    )  # fmt: skip
    assert (note.before["amount_minor"], note.after["amount_minor"]) == (None, 1_000_000)
    card = client.get(f"/returns/{case.pk}").context["case"]
    assert [each.id for each in card.lines if each.chosen] == [str(kettle)]
    client.post(url, versioned(case, {"line": str(cups)}), **HTMX)
    assert about(case) == (cups, "Чашка", "C-3", 1000, 100_000)
    words = words_of(client.get(f"/returns/{case.pk}"))
    assert "Чайник → Чашка" in words
    late = client.post(f"/returns/{case.pk}/undo", {"undo": first}, **HTMX)
    assert late.status_code == 409
    assert about(case)[0] == cups


def test_the_choice_is_accepted_back_whole(shop: Shop, by: Actor, client: Client) -> None:
    sell(shop, KETTLE, IRON)
    case = filed(shop, by, 1)
    before = about(case)
    answer = client.post(
        f"/returns/{case.pk}/line", versioned(case, {"line": str(line_of("I-1"))}), **HTMX
    )
    assert about(case)[1:] == ("Утюг", "I-1", 1000, 700_000)
    undone = client.post(f"/returns/{case.pk}/undo", {"undo": answer.context["told"].undo}, **HTMX)
    assert undone.status_code == 200
    assert about(case) == before
    assert len(notes_of(case)) == 2


def test_an_amount_of_the_former_line_does_not_stay_where_the_new_one_has_none(
    shop: Shop, by: Actor, client: Client
) -> None:
    sell(shop, KETTLE, IRON)
    OrderLine.objects.filter(offer_code="I-1").update(total_minor=None)
    case = filed(shop, by, 1, product_sku="K-1")
    assert about(case)[4] == 1_000_000
    client.post(f"/returns/{case.pk}/line", versioned(case, {"line": str(line_of("I-1"))}), **HTMX)
    assert about(case)[1:] == ("Утюг", "I-1", 1000, None)


def test_the_chosen_line_brings_the_guard_against_more_than_was_sold(
    shop: Shop, by: Actor, client: Client
) -> None:
    sell(shop, KETTLE, IRON)
    take(filed(shop, by, 1, product_sku="K-1"), by)
    second = filed(shop, by, 2)
    loaded = case_load(second.pk)
    assert loaded is not None
    assert loaded.too_much is None
    client.post(
        f"/returns/{second.pk}/line", versioned(second, {"line": str(line_of("K-1"))}), **HTMX
    )
    open_walls(shop.id)
    reported = blocked(second, Act.TAKE_FOR_INSPECTION, by)
    assert reported == ("MORE_THAN_SOLD", {"numbers": "1000000001-1"})


@pytest.mark.parametrize("sent", ["", "K-1", "foreign", "unknown"])
def test_a_line_of_another_order_or_no_line_changes_nothing(
    shop: Shop, by: Actor, client: Client, sent: str
) -> None:
    sell(shop, KETTLE, IRON)
    sell(shop, CUPS, code="1000000002")
    case = filed(shop, by, 1)
    before = about(case)
    known = {"foreign": str(line_of("C-3")), "unknown": str(uuid4())}
    answer = client.post(
        f"/returns/{case.pk}/line", versioned(case, {"line": known.get(sent, sent)}), **HTMX
    )
    assert answer.status_code == (409 if sent in known else 400)
    assert about(case) == before
    assert notes_of(case) == []


def test_who_only_reads_is_offered_nothing_and_may_not(shop: Shop, by: Actor) -> None:
    sell(shop, KETTLE, IRON)
    case = filed(shop, by, 1)
    line = str(line_of("K-1"))
    before = about(case)
    viewer = signed_in(make_person("viewer", (shop.id, Role.VIEWER)))
    assert viewer.get(f"/returns/{case.pk}").context["case"].line_url == ""
    assert (
        viewer.post(f"/returns/{case.pk}/line", versioned(case, {"line": line}), **HTMX).status_code
        == 409
    )
    assert about(case) == before
    other = make_shop()
    stranger = signed_in(make_person("stranger", (other.id, Role.OWNER)))
    assert stranger.post(f"/returns/{case.pk}/line", {"line": line}, **HTMX).status_code == 404
    assert about(case) == before


def test_a_form_of_an_older_page_changes_nothing(shop: Shop, by: Actor, client: Client) -> None:
    sell(shop, KETTLE, IRON)
    case = filed(shop, by, 1)
    client.post(f"/returns/{case.pk}/quality", versioned(case, {"quality": "DEFECTIVE"}), **HTMX)
    before = about(case)
    sent = {"line": str(line_of("K-1")), "version": str(case.version)}
    assert client.post(f"/returns/{case.pk}/line", sent, **HTMX).status_code == 409
    assert about(case) == before


def test_the_new_form_offers_the_lines_and_opens_with_the_chosen(
    shop: Shop, client: Client
) -> None:
    sell(shop, KETTLE, CUPS)
    start = {"number": "1000000001", "store": str(shop.store.pk)}
    form = client.post("/returns/new", start).context["form"]
    assert [value for value, _ in form.fields["line"].widget.choices] == [
        "", str(line_of("K-1")), str(line_of("C-3")),
    ]  # fmt: skip
    seen = {name: form[name].value() for name in ("number", "store", "seen")}
    wrong = client.post("/returns/new", {**seen, "line": str(uuid4())})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (400, ["line"])
    open_walls(shop.id)
    assert not ReturnRequest.objects.exists()
    opened = client.post("/returns/new", {**seen, "line": str(line_of("C-3"))})
    assert opened.status_code == 303
    open_walls(shop.id)
    assert about(ReturnRequest.objects.get()) == (line_of("C-3"), "Чашка", "C-3", 3000, 300_000)


def test_queue_and_card_count_filings_of_one_line(shop: Shop, by: Actor, client: Client) -> None:
    sell(shop, KETTLE, IRON)
    for attempt, article in enumerate(("K-1", "I-1", "K-1"), start=1):
        filed(shop, by, attempt, product_sku=article)
    rows = client.get("/").context["page"].rows
    assert {row.number: row.attempt for row in rows} == {
        "1000000001-1": 1, "1000000001-2": 1, "1000000001-3": 2,
    }  # fmt: skip
    open_walls(shop.id)
    card = client.get(f"/returns/{ReturnRequest.objects.get(attempt=3).pk}").context["case"]
    assert card.attempt == 2
    assert [(part.number, part.attempt, part.item) for part in card.story] == [
        ("1000000001-1", 1, "Чайник"), ("1000000001-2", 1, "Утюг"), ("1000000001-3", 2, "Чайник"),
    ]  # fmt: skip


def test_filings_whose_line_is_not_known_are_counted_by_number(
    shop: Shop, by: Actor, client: Client
) -> None:
    sell(shop, KETTLE, IRON)
    filed(shop, by, 1, product_sku="K-1")
    filed(shop, by, 2)
    rows = client.get("/").context["page"].rows
    assert {row.number: row.attempt for row in rows} == {"1000000001-1": 1, "1000000001-2": 2}
