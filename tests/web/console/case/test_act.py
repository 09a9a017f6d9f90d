"""Acting from the card: with and without scripts, what is said afterwards, and what a refused press leaves untouched."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from qaitar.foundation.models import EffectState, JournalEntry, PlannedEffect
from qaitar.kernel.roles import Role
from qaitar.orders.models import Store
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.notes import request_comment
from qaitar.returns.services.perform_act import request_act
from qaitar.returns.vocabulary import Act, EvidenceKind
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls
from tests.factories.returns import add_proofs, make_case, take
from tests.web.console.desk import signed_in, versioned, words_of

if TYPE_CHECKING:
    from django.test import Client

    from qaitar.foundation.identity.actors import Actor
    from qaitar.foundation.models import User

pytestmark = pytest.mark.usefixtures("clock")
HTMX = {"HTTP_HX_REQUEST": "true"}


def url(case: ReturnRequest, tail: str = "/act") -> str:
    return f"/returns/{case.pk}{tail}"


def fresh(case: ReturnRequest) -> ReturnRequest:
    open_walls(case.merchant_id)
    return ReturnRequest.objects.get(pk=case.pk)


def traces(case: ReturnRequest) -> tuple[int, int, int]:
    now = fresh(case)
    return now.version, JournalEntry.objects.count(), PlannedEffect.objects.count()


def test_without_scripts_an_act_ends_on_the_card_with_a_sentence(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    answer = client.post(url(case), {"act": "ASK_CUSTOMER", "version": "1"})
    assert (answer.status_code, answer["Location"]) == (303, f"/returns/{case.pk}")
    words = words_of(client.get(answer["Location"]))
    assert "«Спросить клиента»" in words
    assert "Ждём клиента" in words
    assert fresh(case).stage == "WAITING_CUSTOMER"


def test_with_scripts_the_card_comes_back_and_the_cabinet_opens(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    add_proofs(case, by, EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING)
    answer = client.post(url(case), {"act": "TAKE_FOR_INSPECTION", "version": "2"}, **HTMX)
    assert answer.status_code == 200
    card = answer.context["case"]
    assert (card.stage, card.proof.button, card.notice.tone) == (
        "IN_DELIVERY",
        "Получить товар на проверку",
        "ok",
    )
    opened = json.loads(answer["HX-Trigger"])["qaitar:cabinet"]
    assert opened == {"url": "https://kaspi.kz/mc/#/refunds?status=REFUND_NEW", "text": ""}
    kinds = set(PlannedEffect.objects.values_list("kind", flat=True))
    assert kinds == {"CREATE_RETURN_ORDER", "ATTACH_EVIDENCE", "WRITE_REGISTER"}


def test_the_stores_own_cabinet_opens_and_no_other_scheme(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    Store.objects.update(cabinet_url="https://cabinet.example/mc")
    assert client.get(url(case, "")).context["case"].marketplace_url == "https://cabinet.example/mc"
    open_walls(shop.id)
    Store.objects.update(cabinet_url="javascript:alert(1)")
    assert "javascript:" not in client.get(url(case, "")).content.decode()


def test_a_refusal_carries_the_ready_text_where_nothing_was_typed(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by, reason_code="", reason_text="Брак")
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=by, now=NOW)
    offer = next(o for o in client.get(url(case, "")).context["case"].offers if o.act == "REFUSE")
    assert offer.recommended
    assert [(r.reason, r.recommended) for r in offer.reasons] == [("SENT_FOR_ACT", True)]
    answer = client.post(
        url(case), {"act": "REFUSE", "reason": "SENT_FOR_ACT", "version": "2"}, **HTMX
    )
    assert answer.status_code == 200
    now = fresh(case)
    assert (now.stage, now.refusal_reason, now.pending_press) == (
        "REFUSED",
        "SENT_FOR_ACT",
        "PRESS_REFUSE",
    )
    assert now.pending_text == offer.reasons[0].text
    assert json.loads(answer["HX-Trigger"])["qaitar:cabinet"]["text"] == now.pending_text


def test_a_refusal_carries_the_text_as_it_was_edited(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(shop, by, reason_code="", reason_text="Брак")
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=by, now=NOW)
    form = {"act": "REFUSE", "reason": "SENT_FOR_ACT", "text_SENT_FOR_ACT": "Своими словами\x00."}
    client.post(url(case), versioned(case, form))
    assert fresh(case).pending_text == "Своими словами."


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"act": "DANCE"}, 400),
        ({}, 400),
        ({"act": "REFUSE"}, 409),
        ({"act": "REFUSE", "reason": "NO_ANSWER"}, 409),
        ({"act": "REFUSE", "reason": "BECAUSE"}, 400),
        ({"act": "REFUSE", "reason": "NO_ANSWER", "text_NO_ANSWER": "х" * 4001}, 400),
        ({"act": "TAKE_FOR_INSPECTION"}, 409),
        ({"act": "TAKE_FOR_INSPECTION", "planned_on": "скоро"}, 400),
        ({"act": "APPROVE"}, 409),
        ({"act": "ASK_CUSTOMER", "version": "0"}, 409),
        ({"act": "ASK_CUSTOMER", "version": "99"}, 409),
        ({"act": "ASK_CUSTOMER", "version": "x\x00"}, 409),
        ({"act": "ASK_CUSTOMER", "version": "9" * 40}, 409),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_refused_press_says_why_and_changes_nothing(
    shop: Shop,
    by: Actor,
    client: Client,
    form: dict[str, str],
    status: int,
    headers: dict[str, str],
) -> None:
    case = make_case(shop, by)
    before = traces(case)
    if "version" not in form:
        form = versioned(case, form)
    answer = client.post(url(case), form, **headers)
    assert answer.status_code == status
    assert answer.context["case"].notice.tone == "danger"
    assert len(answer.context["case"].notice.text) > 15
    assert traces(case) == before


def test_a_stale_card_is_reported_who_did_what(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(shop, by)
    daulet = actor(make_person("daulet", (shop.id, Role.SENIOR)), shop.id)
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=daulet, now=NOW)
    answer = client.post(url(case), {"act": "SEND_FOR_APPROVAL", "version": "1"}, **HTMX)
    assert answer.status_code == 409
    stated = answer.context["case"].notice.text
    assert "Daulet" in stated
    assert "Спросить клиента" in stated
    assert fresh(case).stage == "WAITING_CUSTOMER"


def test_lines_that_change_nothing_do_not_stale_a_card(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    request_comment(request_id=case.pk, text="к сведению", by=by, now=NOW)
    answer = client.post(url(case), {"act": "ASK_CUSTOMER", "version": "1"})
    assert answer.status_code == 303
    assert fresh(case).stage == "WAITING_CUSTOMER"


def test_an_act_needs_its_form(shop: Shop, aigerim: User, by: Actor) -> None:
    case = make_case(shop, by)
    strict = signed_in(aigerim, csrf=True)
    assert strict.post(url(case), {"act": "ASK_CUSTOMER"}).status_code == 403
    assert fresh(case).version == 1
    token = strict.get(url(case, "")).context["csrf_token"]
    form = {"act": "ASK_CUSTOMER", "version": "1", "csrfmiddlewaretoken": str(token)}
    assert strict.post(url(case), form).status_code == 303
    assert strict.get(url(case)).status_code == 405


def test_a_press_seen_by_a_person_is_noted_as_such(shop: Shop, by: Actor, client: Client) -> None:
    case = take(make_case(shop, by), by)
    assert client.get(url(case, "")).context["case"].seen_url
    answer = client.post(url(case, "/seen"), {"version": str(case.version)}, **HTMX)
    assert answer.status_code == 200
    assert fresh(case).pending_press == ""
    assert JournalEntry.objects.order_by("-seq")[0].act == "PROOF_BY_HAND"
    before = traces(case)
    assert client.post(url(case, "/seen"), versioned(case, {}), **HTMX).status_code == 409
    assert traces(case) == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ACCOUNTANT, Role.CLERK])
def test_who_does_not_work_with_the_cabinet_cannot_say_they_saw_it(
    shop: Shop, by: Actor, role: Role
) -> None:
    case = take(make_case(shop, by), by)
    before = traces(case)
    other = signed_in(make_person("other", (shop.id, role)))
    assert other.post(url(case, "/seen"), versioned(case, {}), **HTMX).status_code == 409
    assert traces(case) == before


def test_looking_again_says_honestly_what_was_seen(shop: Shop, by: Actor, client: Client) -> None:
    case = take(make_case(shop, by), by)
    before = traces(case)
    answer = client.post(url(case, "/look"), **HTMX)
    assert answer.context["case"].notice.tone == "info"
    assert answer.context["case"].proof is not None
    assert traces(case) == before


def test_a_stuck_effect_is_tried_again_or_done_by_hand(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=by, now=NOW)
    ticket = PlannedEffect.objects.get(kind="OPEN_TICKET")
    lines = client.get(url(case, "")).context["case"].effects
    assert not any(line.retry_url for line in lines)  # on its way: nothing to do by hand
    open_walls(shop.id)
    PlannedEffect.objects.filter(pk=ticket.pk).update(state=EffectState.NOT_CONNECTED)
    line = next(
        each for each in client.get(url(case, "")).context["case"].effects if each.retry_url
    )
    assert line.progress == "person"
    answer = client.post(line.by_hand_url, {"reference": "48120"}, **HTMX)
    assert answer.status_code == 200
    ticket.refresh_from_db()
    assert (ticket.state, ticket.reference) == ("BY_HAND", "48120")
    assert client.post(line.retry_url, **HTMX).status_code == 409
    other = make_shop("ИП Тимур")
    timur = signed_in(make_person("timur", (other.id, Role.OWNER)))
    assert timur.post(line.retry_url).status_code == 404
    assert timur.post(line.by_hand_url).status_code == 404


def test_who_may_not_act_sees_no_buttons(shop: Shop, by: Actor) -> None:
    case = make_case(shop, by, marketplace_due_at=NOW + timedelta(hours=3))
    viewer = signed_in(make_person("viewer", (shop.id, Role.VIEWER)))
    card = viewer.get(url(case, "")).context["case"]
    assert card.offers == ()
    assert (card.note_url, card.quality_url, card.known, card.evidence.upload_url) == (
        "",
        "",
        None,
        "",
    )
    operator = signed_in(make_person("oper", (shop.id, Role.OPERATOR)))
    assert [
        o.act for o in operator.get(url(case, "")).context["case"].offers if not o.disabled_reason
    ]


@pytest.mark.parametrize(
    ("tail", "form"),
    [
        ("/act", {"act": "ASK_CUSTOMER"}),
        ("/quality", {"quality": "DEFECTIVE"}),
        ("/note", {"unused": "yes"}),
    ],
)
def test_a_form_without_a_version_does_nothing(
    shop: Shop, by: Actor, client: Client, tail: str, form: dict[str, str]
) -> None:
    case = make_case(shop, by)
    before = traces(case)
    answer = client.post(url(case, tail), form)
    assert answer.status_code == 409
    assert "к какой версии заявки" in answer.context["case"].notice.text
    assert traces(case) == before


def test_a_case_is_accepted_on_whatever_version_the_page_showed(
    shop: Shop, by: Actor, client: Client
) -> None:
    case = make_case(shop, by)
    answer = client.post(url(case, "/assign"), {"to": "me"})
    assert answer.status_code == 303
    assert ReturnRequest.objects.values_list("assignee_name").get(pk=case.pk) == (by.name,)
