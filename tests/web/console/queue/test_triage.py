"""Deciding one after another: the next case of the same part of the queue, the way back, and what may be undone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from django.urls import reverse

from qaitar.foundation.models import JournalEntry
from qaitar.kernel.roles import Role
from qaitar.returns.models import Evidence, ReturnRequest
from qaitar.returns.vocabulary import EvidenceKind
from tests.factories.accounts import NOW, Shop, make_person
from tests.factories.returns import add_proofs, make_case
from tests.web.console.desk import counted, signed_in, versioned, words_of

if TYPE_CHECKING:
    from django.test import Client

    from qaitar.foundation.identity.actors import Actor

pytestmark = pytest.mark.usefixtures("clock")
HTMX = {"HTTP_HX_REQUEST": "true"}


def cases(shop: Shop, by: Actor, many: int = 3) -> list[ReturnRequest]:
    return [
        make_case(shop, by, f"70000000{n}-1", marketplace_due_at=NOW + timedelta(days=n))
        for n in range(1, many + 1)
    ]


def url(case: ReturnRequest, name: str = "case") -> str:
    return reverse(f"console:{name}", args=[case.pk])


def requested(client: Client, case: ReturnRequest, query: str = "", **more: Any) -> Any:
    seen = f"http://testserver{url(case)}{query}"
    return client.post(
        url(case, "act"),
        versioned(case, {"act": "ASK_CUSTOMER"}),
        HTTP_HX_CURRENT_URL=seen,
        **HTMX,
        **more,
    )


def test_a_case_knows_its_neighbours_in_the_part_it_was_opened_from(
    shop: Shop, by: Actor, client: Client
) -> None:
    first, second, third = cases(shop, by)
    requested(client, second)
    whole = client.get(url(first)).context["case"]
    assert (whole.prev_url, whole.next_url, whole.back_url) == ("", url(second), "/")
    new = client.get(f"{url(first)}?stage=WAITING_CUSTOMER").context["case"]
    assert new.next_url == f"{url(second)}?stage=WAITING_CUSTOMER"
    assert new.back_url == "/?stage=WAITING_CUSTOMER"
    back = client.get(f"{url(third)}?stage=NEW").context["case"]
    assert (back.prev_url, back.next_url) == (f"{url(first)}?stage=NEW", "")
    closed = client.get(f"{url(third)}?stage=CLOSED").context["case"]
    assert (closed.prev_url, closed.next_url) == ("", "")


def test_without_scripts_the_page_one_came_from_says_the_part(
    shop: Shop, by: Actor, client: Client
) -> None:
    first, second, _third = cases(shop, by)
    card = client.get(url(first), HTTP_REFERER="http://testserver/?stage=NEW").context["case"]
    assert card.next_url == f"{url(second)}?stage=NEW"


@pytest.mark.parametrize("hostile", ["//[", "http://x/?stage=NONSENSE&store='", "\x00", "?" * 5000])
def test_a_strange_page_one_came_from_means_the_whole_queue(
    shop: Shop, by: Actor, client: Client, hostile: str
) -> None:
    first, second, _third = cases(shop, by)
    assert client.get(url(first), HTTP_REFERER=hostile).context["case"].next_url == url(second)


def test_a_decision_brings_the_next_case_and_says_what_was_done(
    shop: Shop, by: Actor, client: Client
) -> None:
    first, second, _third = cases(shop, by)
    answer = requested(client, first, "?stage=NEW")
    assert answer.context["case"].number == "700000002-1"
    assert answer["HX-Push-Url"] == f"{url(second)}?stage=NEW"
    stated = words_of(answer)
    assert "700000001-1: " in stated
    assert f'href="{url(first)}?stage=NEW"' in answer.content.decode()
    assert ReturnRequest.objects.get(pk=first.pk).stage == "WAITING_CUSTOMER"
    assert ReturnRequest.objects.get(pk=second.pk).stage == "NEW"


def test_the_last_case_stays_and_so_does_everyone_who_wants_to(
    shop: Shop, by: Actor, client: Client
) -> None:
    first, second, third = cases(shop, by)
    assert requested(client, third).context["case"].number == "700000003-1"
    client.cookies["after-act"] = "stay"
    stayed = requested(client, first)
    assert stayed.context["case"].number == "700000001-1"
    assert "HX-Push-Url" not in stayed
    client.cookies["after-act"] = "nonsense"
    assert requested(client, second).context["case"].number != "700000002-1"


def test_a_refused_act_opens_nothing(shop: Shop, by: Actor, client: Client) -> None:
    first, _second, _third = cases(shop, by)
    form = versioned(first, {"act": "TAKE_FOR_INSPECTION"})
    answer = client.post(url(first, "act"), form, **HTMX)
    assert (answer.status_code, answer.context["case"].number) == (409, "700000001-1")


def test_a_card_opened_from_a_part_costs_no_more(shop: Shop, by: Actor, client: Client) -> None:
    first, *_others = cases(shop, by)
    assert counted(client, f"{url(first)}?stage=NEW&due=day") <= 12


# --- undo -------------------------------------------------------------------------------------------


def undone(client: Client, case: ReturnRequest, answer: Any) -> Any:
    form = {"undo": answer.context["told"].undo}
    return client.post(answer.context["told"].undo_url or url(case, "undo"), form, **HTMX)


class Noted(NamedTuple):
    """What is noted, in which column it lands, and what stood there before."""

    name: str
    form: dict[str, str]
    column: str
    before: object


NOTES = [
    Noted("assign", {"to": "me"}, "assignee_id", None),
    Noted("quality", {"quality": "DEFECTIVE"}, "quality", "PROPER"),
    Noted("note", {"received_on": "2026-10-20"}, "received_on", None),
    Noted("note", {"customer_answered": "yes"}, "customer_answered", False),
]


@pytest.mark.parametrize("noted", NOTES, ids=lambda noted: noted.column)
def test_what_was_noted_is_accepted_back_and_the_journal_keeps_both(
    shop: Shop, by: Actor, client: Client, noted: Noted
) -> None:
    case = make_case(shop, by)
    ReturnRequest.objects.filter(pk=case.pk).update(**{noted.column: noted.before})
    answer = client.post(url(case, noted.name), versioned(case, noted.form), **HTMX)
    assert answer.status_code == 200
    assert getattr(ReturnRequest.objects.get(pk=case.pk), noted.column) != noted.before
    assert undone(client, case, answer).status_code == 200
    now = ReturnRequest.objects.get(pk=case.pk)
    assert getattr(now, noted.column) == noted.before
    assert (now.journal_seq, now.version) == (3, 3)


def test_a_mark_accepted_back_is_unknown_again(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(shop, by)
    answer = client.post(url(case, "note"), versioned(case, {"unused": "yes"}), **HTMX)
    assert ReturnRequest.objects.get(pk=case.pk).inspection == {"unused": True}
    undone(client, case, answer)
    assert ReturnRequest.objects.get(pk=case.pk).inspection == {}


def test_a_withdrawn_proof_is_put_back(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(shop, by)
    add_proofs(case, by, EvidenceKind.TECHNICAL_ACT)
    proof = Evidence.objects.get()
    answer = client.post(
        reverse("console:evidence_withdraw", args=[proof.pk]), {"why": "не то"}, **HTMX
    )
    assert Evidence.objects.get().withdrawn_at == NOW
    assert undone(client, case, answer).status_code == 200
    assert Evidence.objects.get().withdrawn_at is None
    last = JournalEntry.objects.filter(subject_id=case.pk).order_by("-seq").first()
    assert last is not None
    assert last.act == "RESTORE_EVIDENCE"


def test_nothing_is_accepted_back_once_somebody_went_on(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    answer = client.post(url(case, "quality"), versioned(case, {"quality": "DEFECTIVE"}), **HTMX)
    requested(client, case)
    no = undone(client, case, answer)
    assert no.status_code == 409
    now = ReturnRequest.objects.get(pk=case.pk)
    assert (now.quality, now.stage) == ("DEFECTIVE", "WAITING_CUSTOMER")


def test_a_way_back_is_one_persons_one_cases_and_short(
    shop: Shop, by: Actor, client: Client
) -> None:
    first, second, _third = cases(shop, by)
    saule = signed_in(make_person("saule", (shop.id, Role.OWNER)))
    answer = client.post(url(first, "quality"), versioned(first, {"quality": "DEFECTIVE"}), **HTMX)
    form = {"undo": answer.context["told"].undo}
    assert saule.post(url(first, "undo"), form, **HTMX).status_code == 409
    assert client.post(url(second, "undo"), form, **HTMX).status_code == 409
    assert client.post(url(first, "undo"), {"undo": form["undo"] + "x"}).status_code == 409
    assert client.post(url(first, "undo")).status_code == 409
    assert ReturnRequest.objects.get(pk=first.pk).quality == "DEFECTIVE"
    assert client.post(url(first, "undo"), form, **HTMX).status_code == 200
    assert ReturnRequest.objects.get(pk=first.pk).quality == "PROPER"


def test_what_changed_nothing_and_what_left_the_house_offer_no_way_back(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    same = client.post(url(case, "quality"), versioned(case, {"quality": case.quality}), **HTMX)
    assert same.context["told"].undo_url == ""
    assert requested(client, case).context["told"].undo_url == ""
