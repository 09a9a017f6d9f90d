"""Step 1x: what waits for a senior, who may answer, and what the answer does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qaitar.foundation.approvals.models import Approval
from qaitar.kernel.roles import Role
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.notes import request_note
from qaitar.returns.services.perform_act import Details, request_act
from qaitar.returns.vocabulary import Act
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls
from tests.factories.returns import arrive, make_case, take
from tests.web.console.desk import counted, signed_in, versioned, words_of

if TYPE_CHECKING:
    from qaitar.foundation.identity.actors import Actor

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def by(shop: Shop) -> Actor:
    return actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)


def ask(shop: Shop, by: Actor, number: str = "700000001-1") -> ReturnRequest:
    case = make_case(shop, by, number, reason_code="", reason_text="Экран разбит")
    details = Details(why="Сообщил в день получения")
    return request_act(
        request_id=case.pk, act=Act.SEND_FOR_APPROVAL, by=by, now=NOW, details=details
    ).request


def test_a_senior_sees_who_requested_and_why_and_answers(shop: Shop, by: Actor) -> None:
    case = ask(shop, by)
    daulet = signed_in(make_person("daulet", (shop.id, Role.SENIOR)))
    page = daulet.get("/approvals").context["page"]
    assert [(r.row.number, r.requested_by, r.why) for r in page.rows] == [
        ("700000001-1", "Aigerim", "Сообщил в день получения")
    ]
    assert {o.act: bool(o.disabled_reason) for o in page.rows[0].offers} == {
        Act.APPROVE: False,
        Act.DECLINE: False,
    }
    assert page.rows[0].purposes == ("Повреждённый товар", "Исключение из правил")
    displayed = {"act": "APPROVE", "then": "approvals", "version": str(page.rows[0].version)}
    answer = daulet.post(f"/returns/{case.pk}/act", displayed)
    assert (answer.status_code, answer["Location"]) == (303, "/approvals")
    open_walls(shop.id)
    assert ReturnRequest.objects.get().approval == "GIVEN"
    after = daulet.get("/approvals")
    assert after.context["page"].rows == ()
    assert "Согласовать" in words_of(after)


def test_who_requested_sees_why_they_cannot_answer_themselves(shop: Shop) -> None:
    saule = make_person("saule", (shop.id, Role.OWNER))
    case = ask(shop, actor(saule, shop.id))
    client = signed_in(saule)
    offers = client.get("/approvals").context["page"].rows[0].offers
    assert all(offer.disabled_reason for offer in offers)
    assert (
        client.post(f"/returns/{case.pk}/act", versioned(case, {"act": "APPROVE"})).status_code
        == 409
    )
    open_walls(shop.id)
    assert ReturnRequest.objects.get().approval == "REQUESTED"


@pytest.mark.parametrize("held", [True, False])
def test_an_old_page_approves_nothing_that_was_changed_since(
    shop: Shop, by: Actor, held: bool
) -> None:
    case = ask(shop, by)
    daulet = signed_in(make_person("daulet", (shop.id, Role.SENIOR)))
    page = daulet.get("/approvals")
    assert f'name="version" value="{case.version}"' in page.content.decode()
    open_walls(shop.id)
    values = {"amount_minor": 999_999_900, "product_name": "Ноутбук"}
    request_note(request_id=case.pk, values=values, by=by, now=NOW)
    form = {"act": "APPROVE", "then": "approvals"}
    if held:
        form["version"] = str(case.version)
    assert daulet.post(f"/returns/{case.pk}/act", form).status_code == 409
    open_walls(shop.id)
    now = ReturnRequest.objects.get()
    assert (now.approval, now.version) == ("REQUESTED", case.version + 1)
    assert not Approval.objects.filter(state="GIVEN").exists()


def test_goods_at_our_point_wait_for_approval_too(shop: Shop, by: Actor) -> None:
    case = arrive(take(make_case(shop, by), by), by)
    request_act(request_id=case.pk, act=Act.SEND_FOR_APPROVAL, by=by, now=NOW)
    daulet = signed_in(make_person("daulet", (shop.id, Role.SENIOR)))
    assert [r.row.number for r in daulet.get("/approvals").context["page"].rows] == ["700000001-1"]


def test_nothing_to_approve_is_stated(shop: Shop, by: Actor) -> None:
    make_case(shop, by)
    page = signed_in(make_person("daulet", (shop.id, Role.SENIOR))).get("/approvals")
    assert page.context["page"].empty is not None


def test_another_merchants_approvals_are_nowhere(shop: Shop, by: Actor) -> None:
    ask(shop, by)
    other = make_shop("ИП Тимур")
    timur = signed_in(make_person("timur", (other.id, Role.OWNER)))
    assert timur.get("/approvals").context["page"].rows == ()


@pytest.mark.parametrize("many", [1, 8])
def test_the_list_costs_the_same_however_many_wait(shop: Shop, by: Actor, many: int) -> None:
    for n in range(many):
        ask(shop, by, f"{700000001 + n}-1")
    daulet = signed_in(make_person("daulet", (shop.id, Role.SENIOR)))
    assert counted(daulet, "/approvals") <= 9
