"""Deputies of approvers: who may be named, for which days, and what a deputy may decide on those days only."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from qaitar.foundation.approvals.deputies import (
    DeputyMissing,
    DeputyProblem,
    deputies_current,
    deputy_create,
    deputy_end,
)
from qaitar.foundation.approvals.models import Approval, ApprovalDeputy
from qaitar.foundation.identity.actors import RoleNotAllowed
from qaitar.foundation.identity.people import role_set
from qaitar.foundation.models import JournalEntry
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.returns.errors import ActBlocked
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.perform_act import Details, request_act
from qaitar.returns.vocabulary import Act
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls
from tests.factories.returns import make_case

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.foundation.identity.actors import Actor
    from qaitar.foundation.models import User

TODAY = date(2026, 5, 14)  # NOW in Almaty


@pytest.fixture
def senior(shop: Shop) -> User:
    return make_person("daulet", (shop.id, Role.SENIOR))


@pytest.fixture
def deputy(shop: Shop) -> User:
    return make_person("saule", (shop.id, Role.OPERATOR))


def name_deputy(
    shop: Shop, senior: User, deputy: User, first: int = 0, last: int = 0
) -> ApprovalDeputy:
    """The senior's deputy from so many days after today to so many."""
    days = (TODAY + timedelta(days=first), TODAY + timedelta(days=last))
    by = actor(senior, shop.id)
    return deputy_create(merchant_id=shop.id, deputy_id=deputy.pk, days=days, by=by, now=NOW)


def requested(shop: Shop, by: Actor) -> ReturnRequest:
    case = make_case(shop, by, reason_code="", reason_text="Экран разбит")
    return request_act(request_id=case.pk, act=Act.SEND_FOR_APPROVAL, by=by, now=NOW).request


def decide(
    case: ReturnRequest, by: Actor, act: Act = Act.APPROVE, *, now: datetime = NOW
) -> ReturnRequest:
    version = ReturnRequest.objects.get(pk=case.pk).version
    details = Details(expected_version=version)
    return request_act(request_id=case.pk, act=act, by=by, now=now, details=details).request


def refused(case: ReturnRequest, by: Actor, *, now: datetime = NOW, code: str = "") -> None:
    before = ReturnRequest.objects.get(pk=case.pk).version, JournalEntry.objects.count()
    with pytest.raises(ActBlocked) as no:
        decide(case, by, now=now)
    assert no.value.blocked.code == (code or "ROLE_NOT_ALLOWED")
    assert (ReturnRequest.objects.get(pk=case.pk).version, JournalEntry.objects.count()) == before
    assert not Approval.objects.filter(state="GIVEN").exists()


@pytest.mark.parametrize(
    ("act", "states"),
    [(Act.APPROVE, ("GIVEN", "GIVEN")), (Act.DECLINE, ("REFUSED", "DECLINED"))],
)
def test_a_deputy_decides_in_the_approvers_place_and_the_journal_says_so(
    shop: Shop, aigerim: Actor, senior: User, deputy: User, act: Act, states: tuple[str, str]
) -> None:
    name_deputy(shop, senior, deputy)
    case = decide(requested(shop, aigerim), actor(deputy, shop.id), act)
    row = Approval.objects.get(purpose="DAMAGE")
    assert (row.state, case.approval) == states
    assert (row.decided_by_id, row.decided_for_name) == (deputy.pk, "Daulet")
    line = JournalEntry.objects.filter(act=act.value).get()
    assert (line.actor_id, line.actor_role, line.after["deputy_of"]) == (
        deputy.pk,
        "OPERATOR",
        "Daulet",
    )


def test_a_senior_who_is_a_deputy_too_decides_in_their_own_right(
    shop: Shop, aigerim: Actor, senior: User
) -> None:
    other = make_person("timur", (shop.id, Role.SENIOR))
    name_deputy(shop, senior, other)
    decide(requested(shop, aigerim), actor(other, shop.id))
    assert Approval.objects.get(purpose="DAMAGE").decided_for_name == ""


@pytest.mark.parametrize(("held", "days"), [((1, 3), 0), ((0, 1), 2), ((1, 3), 4)])
def test_outside_their_days_a_deputy_decides_nothing(
    shop: Shop, aigerim: Actor, senior: User, deputy: User, held: tuple[int, int], days: int
) -> None:
    name_deputy(shop, senior, deputy, *held)
    case = requested(shop, aigerim)
    refused(case, actor(deputy, shop.id), now=NOW + timedelta(days=days))


@pytest.mark.parametrize("days", [1, 3])
def test_first_and_last_day_are_included(
    shop: Shop, aigerim: Actor, senior: User, deputy: User, days: int
) -> None:
    name_deputy(shop, senior, deputy, 1, 3)
    now = NOW + timedelta(days=days)
    assert decide(requested(shop, aigerim), actor(deputy, shop.id), now=now).approval == "GIVEN"


def test_a_deputy_decides_neither_their_own_nor_the_approvers_request(
    shop: Shop, senior: User, deputy: User
) -> None:
    name_deputy(shop, senior, deputy)
    by = actor(deputy, shop.id)
    refused(requested(shop, by), by, code="REQUESTED_BY_SAME_PERSON")
    Approval.objects.all().delete()
    case = make_case(shop, by, number="700000002-1", reason_code="", reason_text="Экран разбит")
    request_act(request_id=case.pk, act=Act.SEND_FOR_APPROVAL, by=actor(senior, shop.id), now=NOW)
    refused(case, by)


def test_the_right_ends_by_a_press_and_with_the_approvers_own(
    shop: Shop, aigerim: Actor, senior: User, deputy: User
) -> None:
    row = name_deputy(shop, senior, deputy, 0, 9)
    case, by = requested(shop, aigerim), actor(deputy, shop.id)
    role_set(user=senior, merchant_id=shop.id, role=Role.OPERATOR, now=NOW)
    refused(case, by)
    assert deputies_current([shop.id], NOW) == []
    role_set(user=senior, merchant_id=shop.id, role=Role.SENIOR, now=NOW)
    assert deputies_current([shop.id], NOW) == [row]
    assert deputies_current([shop.id], NOW + timedelta(days=10)) == []
    deputy_end(row_id=row.pk, by=actor(senior, shop.id), now=NOW)
    refused(case, by)
    lines = JournalEntry.objects.filter(subject_kind="approval_deputy").order_by("seq")
    reported = {
        "approver": "Daulet",
        "deputy": "Saule",
        "from": "2026-05-14",
        "until": "2026-05-23",
    }
    assert [(line.act, line.before, line.after) for line in lines] == [
        ("DEPUTY_NAME", {}, reported),
        ("DEPUTY_END", reported, {}),
    ]
    deputy_end(row_id=row.pk, by=actor(senior, shop.id), now=NOW)
    assert lines.count() == 2


def test_a_deputy_of_one_merchant_is_nobody_at_another(
    shop: Shop, aigerim: Actor, senior: User
) -> None:
    other = make_shop("ТОО «Бета»")
    both = make_person("dana", (shop.id, Role.OPERATOR), (other.id, Role.OPERATOR))
    open_walls(shop.id, other.id)
    owner = make_person("owner", (other.id, Role.OWNER))
    days = (TODAY, TODAY)
    deputy_create(
        merchant_id=other.id, deputy_id=both.pk, days=days, by=actor(owner, other.id), now=NOW
    )
    open_walls(shop.id)
    refused(requested(shop, aigerim), actor(both, shop.id))


@pytest.mark.parametrize(
    ("who", "held", "code"),
    [
        ("daulet", (0, 1), "DEPUTY_YOURSELF"),
        ("viewer", (0, 1), "DEPUTY_UNKNOWN"),
        ("stranger", (0, 1), "DEPUTY_UNKNOWN"),
        ("saule", (2, 1), "DAYS_REVERSED"),
        ("saule", (-2, -1), "DAYS_PAST"),
        ("saule", (0, 366), "DAYS_TOO_MANY"),
        ("saule", (5, 7), "DEPUTY_OVERLAP"),
    ],
)
def test_what_cannot_be_named_is_refused_with_a_code(
    shop: Shop, senior: User, deputy: User, who: str, held: tuple[int, int], code: str
) -> None:
    other = make_shop("ТОО «Бета»")
    open_walls(shop.id)
    people = {
        "daulet": senior,
        "saule": deputy,
        "viewer": make_person("viewer", (shop.id, Role.VIEWER)),
        "stranger": make_person("stranger", (other.id, Role.OPERATOR)),
    }
    name_deputy(shop, senior, deputy, 6, 9)
    before = JournalEntry.objects.count()
    with pytest.raises(DeputyProblem, match=code):
        name_deputy(shop, senior, people[who], *held)
    assert (ApprovalDeputy.objects.count(), JournalEntry.objects.count()) == (1, before)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ACCOUNTANT, Role.CLERK, Role.VIEWER])
def test_only_who_approves_names_a_deputy_and_ends_one(
    shop: Shop, senior: User, deputy: User, role: Role
) -> None:
    row = name_deputy(shop, senior, deputy)
    by = actor(make_person("other", (shop.id, role)), shop.id)
    with pytest.raises(RoleNotAllowed):
        deputy_create(merchant_id=shop.id, deputy_id=deputy.pk, days=(TODAY, TODAY), by=by, now=NOW)
    with pytest.raises(RoleNotAllowed):
        deputy_end(row_id=row.pk, by=by, now=NOW)
    with pytest.raises(DeputyMissing):
        deputy_end(row_id=new_id(), by=by, now=NOW)
    row.refresh_from_db()
    assert (row.ended_at, ApprovalDeputy.objects.count()) == (None, 1)
