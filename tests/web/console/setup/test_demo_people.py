"""The demo's people beside real ones: no published password opens anything, and no demo role rules the office."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import authenticate
from django.test import Client
from django.urls import reverse

from qaitar.demo.seed import LOGINS, NAME, demo_join, demo_merchant, demo_remove
from qaitar.demo.shop import shop_open
from qaitar.foundation.identity.access import enter_as_token
from qaitar.foundation.identity.people import (
    nobody_yet,
    owner_code,
    owner_create,
    person_create,
    person_switch,
    real_people,
)
from qaitar.foundation.identity.security_models import SecurityEvent
from qaitar.foundation.models import Membership, MerchantKey, User
from qaitar.foundation.ops.clock import frozen_at, utc_now
from qaitar.foundation.ops.jobs import within_walls
from qaitar.kernel.roles import Role
from tests.factories.accounts import NOW, make_shop, make_token, open_walls
from tests.web.console.desk import signed_in, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.django_db

PASSWORD = "a password of her own"


@pytest.fixture(autouse=True)
def quick(settings: Any) -> Iterator[None]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.QAITAR_ENCRYPTION_KEY = "a key of these tests that is long enough to be one"
    with frozen_at(NOW):
        yield


def demo_open() -> None:
    with within_walls():
        shop_open(NAME, LOGINS, settings={"demo": True}, now=NOW)


def real_owner() -> User:
    return owner_create(
        code=owner_code(), username="saule", name="Saule", password=PASSWORD, language="en"
    )


def opened_by_published_passwords() -> set[str]:
    tried = [
        (login.username, authenticate(None, username=login.username, password=login.password))
        for login in LOGINS
    ]
    return {name for name, person in tried if person is not None}


def office_roles() -> list[str]:
    demo = MerchantKey.objects.filter(demo=True).values("pk")
    held = Membership.objects.filter(user__home_merchant__in=demo, role__in=["OWNER", "ADMIN"])
    return list(held.values_list("user__username", flat=True))


def test_an_empty_installation_is_tried_with_the_published_passwords() -> None:
    demo_open()
    assert opened_by_published_passwords() == {login.username for login in LOGINS}
    assert office_roles() == ["alma"]
    assert nobody_yet()  # the first real owner may still be made, by the code of the console


def test_the_first_real_person_closes_them_with_sessions_and_tokens() -> None:
    demo_open()
    alma = User.objects.get(username="alma")
    browser, token = signed_in(alma), make_token(alma)
    assert browser.get("/").status_code == 200
    real_owner()
    assert opened_by_published_passwords() == set()
    assert office_roles() == []
    assert browser.get("/").status_code == 302
    assert enter_as_token(token, key=None, now=utc_now()) is None
    page = Client().post(reverse("account_login"), {"login": "alma", "password": "alma-qaitar"})
    assert page.status_code == 200


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["demo", "remove", "demo", "real", "off", "on"]))[::29]
)
def test_in_no_order_does_a_published_password_open_next_to_a_real_person(
    order: tuple[str, ...], tmp_path: Path
) -> None:
    """Demo made, taken away, made again; a real person made, switched off and on: in any order."""
    for step in order:
        saule = User.objects.filter(username="saule").first()
        match step:
            case "demo" if demo_merchant() is None:
                demo_open()
            case "remove":
                demo_remove(tmp_path)
            case "real":
                person_create(username="saule", name="Saule", email="", password=PASSWORD)
            case "off" | "on" if saule:
                person_switch(user=saule, active=step == "on", now=NOW)
            case _:
                pass
        if real_people().exists():
            assert opened_by_published_passwords() == set(), order
            assert office_roles() == [], order
    assert User.objects.filter(username="saule").exists()


def test_a_real_owner_looks_as_one_of_them_and_nobody_else_does(settings: Any) -> None:
    saule = real_owner()
    shop = make_shop()
    Membership.objects.create(user=saule, merchant_id=shop.id, role="OWNER", created_at=NOW)
    demo_open()
    demo_join(saule.pk, NOW)
    demo = demo_merchant()
    assert demo is not None
    aigerim = User.objects.get(username="aigerim")
    look = reverse("console:demo_look", args=[aigerim.pk])
    browser = signed_in(saule)
    assert browser.post(reverse("console:demo_look", args=[saule.pk])).status_code == 404
    assert browser.post(look).status_code == 303
    assert int(browser.session["_auth_user_id"]) == aigerim.pk
    assert "Айгерим Садыкова" in words_of(browser.get("/"))
    open_walls(demo)
    event = SecurityEvent.objects.get(kind="LOOKED_AS")
    assert (event.name, event.about_name) == ("Saule", "Айгерим Садыкова")
    assert signed_in(User.objects.get(username="alma")).post(look).status_code == 403
    other = person_create(username="b", name="B", email="", password=PASSWORD, home=shop.id)
    Membership.objects.create(user=other, merchant_id=shop.id, role="ADMIN", created_at=NOW)
    assert signed_in(other).post(look).status_code == 403


def test_nobody_of_a_demo_opens_a_merchant() -> None:
    """Else an installation would become real with a published password in its owner's hand."""
    demo_open()
    form = {
        "merchant": "ТОО", "country": "KZ", "store": "S", "hours": "09:00-18:00", "default_action": "CALL_DUTY",
    }  # fmt: skip
    before = MerchantKey.objects.count()
    alma = signed_in(User.objects.get(username="alma"))
    assert alma.post(reverse("console:first_run"), form).status_code == 403
    assert MerchantKey.objects.count() == before
    assert Role.OWNER in {login.role for login in LOGINS}
