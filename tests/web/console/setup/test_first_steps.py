"""From an empty installation to the first case: who becomes the owner, what is kept, what the demo's button asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from qaitar.foundation.identity.people import (
    PeopleProblem,
    nobody_yet,
    owner_code,
    owner_code_fits,
    owner_create,
)
from qaitar.foundation.models import Merchant, User
from qaitar.kernel.roles import Role
from qaitar.runtime.demo_request import AT_HAND, Wish, fulfilled, wish, wished
from tests.factories.accounts import make_person
from tests.web.console.office import Office, make_office

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.django_db
OWNER = "/welcome/owner"
FORM = {
    "language": "kk",
    "name": "Алма Есенова",
    "username": "alma",
    "password": "тауға шығамыз 7",
}


@pytest.fixture
def office(settings: Any) -> Office:
    return make_office(settings)


# --- the owner --------------------------------------------------------------------------------------


def test_whoever_holds_the_code_of_the_console_becomes_the_owner() -> None:
    """The printed link opens the form with the code in it; the owner is signed in, in their language."""
    browser = Client()
    page = browser.get(OWNER, {"code": owner_code()})
    assert (page.status_code, page["Cache-Control"].count("no-store")) == (200, 1)
    answer = browser.post(OWNER, {**FORM, "code": owner_code().lower()})
    assert (answer.status_code, answer["Location"]) == (303, "/welcome")
    owner = User.objects.get()
    assert (owner.username, owner.is_superuser, owner.language) == ("alma", True, "kk")
    assert owner.check_password(FORM["password"])
    assert browser.get("/welcome").status_code == 200


@pytest.mark.parametrize("code", ["", "AAAA-AAAA-AAAA-AAAA", "ә"])
def test_whoever_only_reaches_the_page_becomes_nothing(code: str) -> None:
    """Without the code of the console the page makes nobody, and says where the code is."""
    answer = Client().post(OWNER, {**FORM, "code": code})
    assert answer.status_code == 422
    assert "code" in answer.context["form"].errors
    assert not User.objects.exists()


def test_the_code_is_good_for_one_owner() -> None:
    """As soon as somebody can sign in the page leads to the sign-in, and an old code opens nothing ever after."""
    code = owner_code()
    first = owner_create(
        code=code, username="a", name="A", password=FORM["password"], language="ru"
    )
    assert not nobody_yet()
    with pytest.raises(PeopleProblem, match="SOMEBODY_IS_HERE"):
        owner_create(code=owner_code(), username="b", name="B", password="x", language="ru")
    answer = Client().post(OWNER, {**FORM, "code": owner_code()})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/")
    User.objects.filter(pk=first.pk).update(is_active=False)
    assert nobody_yet()
    assert not owner_code_fits(code)
    assert User.objects.count() == 1


def test_a_weak_password_or_a_wrong_name_makes_nobody() -> None:
    answer = Client().post(OWNER, {**FORM, "code": owner_code(), "password": "short"})
    assert answer.status_code == 422
    answer = Client().post(OWNER, {**FORM, "code": owner_code(), "username": "a b<"})
    assert answer.status_code == 422
    assert not User.objects.exists()


def test_the_sign_in_page_leads_to_the_owner_only_while_nobody_is_there() -> None:
    assert OWNER in Client().get("/accounts/login/").content.decode()
    make_person("aigerim")
    assert OWNER not in Client().get("/accounts/login/").content.decode()


# --- the list ---------------------------------------------------------------------------------------


def test_a_step_may_be_put_off_and_accepted_up_again(office: Office) -> None:
    """What is put off is kept in the database: the next step comes forward, for everybody who manages the shop."""
    path = reverse("console:first_run")
    office.look()
    Merchant.objects.filter(pk=office.shop.id).update(settings={"first_steps": "OPEN"})
    browser = office.owner
    steps = browser.get(path).context["first"].steps
    assert [step.name for step in steps if step.current] == ["kaspi"]
    assert browser.post(path, {"skip": "kaspi"})["Location"] == path
    again = office.browser(Role.ADMIN).get(path).context["first"].steps
    assert [(step.name, step.skipped) for step in again if step.skipped] == [("kaspi", True)]
    assert next(step.name for step in again if step.current) == "import"
    browser.post(path, {"skip": "kaspi"})
    assert not any(step.skipped for step in browser.get(path).context["first"].steps)
    browser.post(path, {"skip": "store"})
    office.look()
    stored = Merchant.objects.get(pk=office.shop.id).settings
    assert stored == {"first_steps": "OPEN", "first_steps_skipped": []}


def test_the_list_is_displayed_until_it_is_closed(office: Office) -> None:
    path = reverse("console:first_run")
    office.look()
    Merchant.objects.filter(pk=office.shop.id).update(settings={"first_steps": "OPEN"})
    browser = office.owner
    assert f'href="{path}"' in browser.get("/").content.decode()
    assert f'href="{path}"' not in office.browser(Role.OPERATOR).get("/").content.decode()
    assert browser.post(path, {"close": "1"})["Location"] == "/"
    assert f'href="{path}"' not in browser.get("/").content.decode()
    assert browser.get(path).status_code == 200


def test_others_put_nothing_off(office: Office) -> None:
    path = reverse("console:first_run")
    for role in (Role.OPERATOR, Role.VIEWER, Role.CLERK):
        assert office.browser(role).post(path, {"skip": "kaspi"}).status_code == 403
    office.look()
    assert Merchant.objects.get(pk=office.shop.id).settings == {}


# --- the demo ---------------------------------------------------------------------------------------


def test_the_demo_is_wished_for_and_the_page_tells_how_it_goes(
    office: Office, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One press leaves the wish with who asked; the page shows it being made, and that it failed."""
    settings.DATA_DIR = tmp_path
    path = reverse("console:first_run")
    assert office.owner.get(path).context["demo"] is None
    office.owner.post(path, {"demo": "add"})
    assert wished(tmp_path) is None
    monkeypatch.setenv(AT_HAND, "1")
    browser = office.owner
    browser.post(path, {"demo": "everything"})
    assert wished(tmp_path) is None
    assert browser.post(path, {"demo": "add"}).status_code == 303
    assert wished(tmp_path) == Wish("add", office.staff[Role.OWNER].pk)
    part = browser.get(path, headers={"HX-Request": "true"}).content.decode()
    assert "<progress" in part
    assert "<html" not in part
    wish(tmp_path, Wish("failed"))
    assert 'role="alert"' in browser.get(path).content.decode()
    fulfilled(tmp_path)
    assert office.browser(Role.ADMIN).post(path, {"demo": "add"}).status_code == 403
    assert wished(tmp_path) is None


def test_a_wish_nobody_can_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "demo-wish.json").write_text("{")
    assert wished(tmp_path) is None
