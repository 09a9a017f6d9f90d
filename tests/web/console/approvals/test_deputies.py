"""Deputies on the pages: named and ended by an approver, seen where approvals wait and among people."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from qaitar.foundation.approvals.models import Approval, ApprovalDeputy
from qaitar.foundation.models import JournalEntry
from qaitar.kernel.roles import Role
from qaitar.returns.services.perform_act import request_act
from qaitar.returns.vocabulary import Act
from tests.factories.accounts import NOW, Shop, actor, make_person, open_walls
from tests.factories.returns import make_case
from tests.web.console.desk import signed_in, versioned, words_of

if TYPE_CHECKING:
    from qaitar.foundation.models import User

pytestmark = pytest.mark.usefixtures("clock")
TODAY = date(2026, 5, 14)


@pytest.fixture
def senior(shop: Shop) -> User:
    return make_person("daulet", (shop.id, Role.SENIOR))


@pytest.fixture
def deputy(shop: Shop) -> User:
    return make_person("saule", (shop.id, Role.OPERATOR))


def form(shop: Shop, deputy: User, first: int, last: int) -> dict[str, str]:
    return {
        "deputy": f"{shop.id}:{deputy.pk}",
        "first": (TODAY + timedelta(days=first)).isoformat(),
        "last": (TODAY + timedelta(days=last)).isoformat(),
    }


def test_a_deputy_is_named_seen_decides_and_is_ended(
    shop: Shop, senior: User, deputy: User
) -> None:
    by = actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)
    case = make_case(shop, by, reason_code="", reason_text="Экран разбит")
    request_act(request_id=case.pk, act=Act.SEND_FOR_APPROVAL, by=by, now=NOW)
    colleague = signed_in(deputy)
    offers = colleague.get("/approvals").context["page"].rows[0].offers
    assert all(offer.disabled_reason for offer in offers)
    browser = signed_in(senior)
    answer = browser.post("/approvals/deputies", form(shop, deputy, 0, 3))
    assert (answer.status_code, answer["Location"]) == (303, "/approvals/deputies")
    assert "вместо вас согласует Saule" in words_of(browser.get("/approvals/deputies"))
    page = colleague.get("/approvals")
    assert "До 17 мая за старшего (Daulet) согласует Saule" in words_of(page)
    assert not any(offer.disabled_reason for offer in page.context["page"].rows[0].offers)
    owner = signed_in(make_person("owner", (shop.id, Role.OWNER)))
    assert "Согласует за другого: Daulet, 14 мая – 17 мая" in words_of(owner.get("/people"))
    press = versioned(case, {"act": "APPROVE", "then": "approvals"})
    assert colleague.post(f"/returns/{case.pk}/act", press).status_code == 303
    open_walls(shop.id)
    assert Approval.objects.filter(state="GIVEN", decided_for_name="Daulet").exists()
    assert "Вместо кого: Daulet" in words_of(owner.get(f"/returns/{case.pk}/journal"))
    open_walls(shop.id)
    row = ApprovalDeputy.objects.get()
    assert browser.post(f"/approvals/deputies/{row.pk}/end").status_code == 303
    assert "согласует Saule" not in words_of(colleague.get("/approvals"))


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        (3, 0, "Последний день раньше первого."),
        (-5, -1, "Эти дни уже прошли."),
        (0, 400, "не больше чем на год"),
    ],
)
def test_days_that_make_no_sense_are_refused_in_words(
    shop: Shop, senior: User, deputy: User, first: int, last: int, sentence: str
) -> None:
    before = JournalEntry.objects.count()
    answer = signed_in(senior).post("/approvals/deputies", form(shop, deputy, first, last))
    assert answer.status_code == 422
    assert sentence in words_of(answer)
    open_walls(shop.id)
    assert (ApprovalDeputy.objects.count(), JournalEntry.objects.count()) == (0, before)


def test_a_senior_ends_only_their_own_and_an_owner_any(
    shop: Shop, senior: User, deputy: User
) -> None:
    signed_in(senior).post("/approvals/deputies", form(shop, deputy, 0, 3))
    open_walls(shop.id)
    path = f"/approvals/deputies/{ApprovalDeputy.objects.get().pk}/end"
    other = signed_in(make_person("timur", (shop.id, Role.SENIOR)))
    assert other.post(path).status_code == 403
    open_walls(shop.id)
    assert ApprovalDeputy.objects.get().ended_at is None
    owner = signed_in(make_person("owner", (shop.id, Role.OWNER)))
    assert owner.post(path).status_code == 303
    open_walls(shop.id)
    assert ApprovalDeputy.objects.get().ended_by_name == "Owner"
