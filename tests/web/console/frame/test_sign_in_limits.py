"""Limits of signing in: by login and address, over all processes, growing, and never against somebody elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.urls import reverse

from qaitar.foundation.identity import sign_in_limits
from qaitar.foundation.identity.client_address import proxies_read
from qaitar.foundation.identity.security_journal import NOWHERE
from qaitar.foundation.identity.security_models import SecurityEvent, SignInTry
from qaitar.foundation.identity.sign_in_limits import Limit, tries_forget
from qaitar.foundation.models import User
from qaitar.foundation.ops.clock import frozen_at
from qaitar.kernel.roles import Role
from tests.factories.accounts import NOW, make_person, make_shop, open_walls
from tests.web.console.office import KEY

if TYPE_CHECKING:
    from uuid import UUID

pytestmark = pytest.mark.django_db

HOME, CAFE = "203.0.113.7", "198.51.100.9"
LOGIN = reverse("account_login")


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.QAITAR_ENCRYPTION_KEY = KEY


@pytest.fixture
def shop_id() -> UUID:
    return make_shop().id


@pytest.fixture
def daulet(shop_id: UUID) -> User:
    return make_person("daulet", (shop_id, Role.SENIOR))


class Processes:
    """Browsers whose requests are answered by one process after another: each has caches of its own memory."""

    def __init__(self, settings: Any) -> None:
        self.settings, self.number = settings, 0

    def sign_in(self, login: str, password: str, address: str, **headers: str) -> Any:
        self.number += 1
        cache = {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": f"process {self.number}",
        }
        self.settings.CACHES = {"default": cache}
        browser = Client(REMOTE_ADDR=address, HTTP_ACCEPT_LANGUAGE="en", **headers)
        return browser.post(LOGIN, {"login": login, "password": password})


@pytest.fixture
def processes(settings: Any) -> Processes:
    return Processes(settings)


def is_in(answer: Any) -> bool:
    return answer.status_code == 302 and answer["Location"] == "/"


def test_the_limit_holds_over_processes_and_grows(processes: Processes, daulet: User) -> None:
    """Five failures are free; then the wait is 1, 2, 4 … seconds, for the right password from there too."""
    with frozen_at(NOW):
        for _ in range(5):
            assert not is_in(processes.sign_in("daulet", "wrong", HOME))
        answer = processes.sign_in("Daulet", "dauletdaulet", HOME)
    assert not is_in(answer)
    assert "in 1 second" in answer.content.decode()
    at = NOW
    for wait in (1, 2, 4, 8):
        with frozen_at(at + timedelta(seconds=wait - 0.5)):
            assert not is_in(processes.sign_in("daulet", "dauletdaulet", HOME)), wait
        at += timedelta(seconds=wait)
        with frozen_at(at):
            assert not is_in(processes.sign_in("daulet", "wrong", HOME))
    with frozen_at(at + timedelta(seconds=16)):
        assert is_in(processes.sign_in("daulet", "dauletdaulet", HOME))
        for _ in range(5):  # counted from the start again
            processes.sign_in("daulet", "wrong", HOME)
        assert "in 1 second" in processes.sign_in("daulet", "wrong", HOME).content.decode()


def test_failures_of_others_keep_nobody_out(processes: Processes, daulet: User) -> None:
    """Neither wrong tries on the same login from elsewhere, nor invented logins from the same address."""
    with frozen_at(NOW):
        for _ in range(8):
            processes.sign_in("daulet", "wrong", CAFE)
        for number in range(12):
            processes.sign_in(f"invented{number}", "wrong", HOME)
        assert is_in(processes.sign_in("daulet", "dauletdaulet", HOME))


def test_many_logins_of_one_address_are_slowed_but_not_who_is_known_there(
    processes: Processes, daulet: User, shop_id: UUID
) -> None:
    make_person("marina", (shop_id, Role.ACCOUNTANT))
    ten = mock.patch.object(sign_in_limits, "WIDE", Limit(free=10, longest_s=60))
    with ten, frozen_at(NOW):
        assert is_in(processes.sign_in("daulet", "dauletdaulet", HOME))
        for number in range(10):
            processes.sign_in(f"invented{number}", "wrong", HOME)
        assert not is_in(processes.sign_in("marina", "marinamarina", HOME))
        assert is_in(processes.sign_in("daulet", "dauletdaulet", HOME))
        assert is_in(processes.sign_in("marina", "marinamarina", CAFE))
    with frozen_at(NOW + timedelta(seconds=2)):
        assert is_in(processes.sign_in("marina", "marinamarina", HOME))


def test_a_forwarded_address_is_believed_from_a_trusted_proxy_only(
    processes: Processes, daulet: User, settings: Any
) -> None:
    def six(proxy: str) -> Any:
        for number in range(6):
            forwarded = f"192.0.2.{number}"
            answer = processes.sign_in("daulet", "x", proxy, HTTP_X_FORWARDED_FOR=forwarded)
        return answer.content.decode()

    with frozen_at(NOW):
        assert "in 1 second" in six(HOME)  # a stranger's header: one address
        settings.QAITAR_TRUSTED_PROXIES = proxies_read("10.0.0.0/8")
        assert "in 1 second" not in six("10.0.0.1")  # six addresses
    open_walls(daulet.home_merchant)
    addresses = list(SecurityEvent.objects.order_by("id").values_list("address", flat=True))
    assert addresses == [HOME] * 6 + [f"192.0.2.{number}" for number in range(6)]


@pytest.mark.parametrize(
    ("name", "displayed"),
    [("daulet", "Daulet"), ("d@a.kz", "Daulet"), ("nobody", "nobody"), ("no@a.kz", "no@a.kz")],
)
def test_an_invented_login_costs_the_same(
    processes: Processes, daulet: User, name: str, displayed: str
) -> None:
    """As many passwords are hashed, the same page comes back; the journal alone knows more."""
    User.objects.filter(pk=daulet.pk).update(email="d@a.kz")
    with (
        mock.patch.object(
            MD5PasswordHasher, "encode", autospec=True, side_effect=MD5PasswordHasher.encode
        ) as hashing,
        frozen_at(NOW),
    ):
        answer = processes.sign_in(name, "wrong", HOME)
    assert hashing.call_count == 1
    assert answer.status_code == 200
    assert "Daulet" not in answer.content.decode()
    open_walls(NOWHERE, daulet.home_merchant)
    (event,) = SecurityEvent.objects.all()
    assert (event.kind, event.name, event.address) == ("SIGN_IN_FAILED", displayed, HOME)
    assert event.merchant_id == (NOWHERE if displayed == name else daulet.home_merchant)
    assert event.details == {"login": name}
    assert "wrong" not in str(event.__dict__)


def test_codes_of_a_second_factor_are_limited_too(processes: Processes, daulet: User) -> None:
    """Whoever has the password gets five codes from an address; the right person elsewhere is not held up."""
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(daulet, secret)
    RecoveryCodes.activate(daulet)
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    page = reverse("mfa_authenticate")

    def answers(address: str, codes: list[str]) -> Any:
        browser = Client(REMOTE_ADDR=address, HTTP_ACCEPT_LANGUAGE="en")
        requested = browser.post(LOGIN, {"login": "daulet", "password": "dauletdaulet"})
        assert requested["Location"] == page
        return [browser.post(page, {"code": each}) for each in codes][-1]

    wrong = "000000" if code != "000000" else "111111"
    with frozen_at(NOW):
        last = answers(HOME, [wrong] * 5 + [code])
        assert "in 1 second" in last.content.decode()
        assert is_in(answers(CAFE, [code]))
    open_walls(daulet.home_merchant)
    kinds = list(SecurityEvent.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == ["FACTOR_FAILED"] * 5 + ["SIGN_IN_DELAYED", "SIGN_IN"]
    assert Authenticator.objects.filter(user=daulet).count() == 2


def test_tries_are_forgotten_after_a_month(processes: Processes, daulet: User) -> None:
    with frozen_at(NOW):
        processes.sign_in("daulet", "wrong", HOME)
    assert SignInTry.objects.count() == 2
    assert tries_forget(NOW + timedelta(days=30)) == 0
    assert tries_forget(NOW + timedelta(days=30, seconds=1)) == 2
