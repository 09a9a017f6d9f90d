"""People, tokens, profile and the first run: who may do what to whom, secrets shown once, nobody locks a shop out."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qaitar.foundation.identity.access import enter_as_token
from qaitar.foundation.models import ApiToken, JournalEntry, Membership, Merchant, User
from qaitar.foundation.ops.clock import frozen_at, utc_now
from qaitar.kernel.roles import Role
from qaitar.orders.models import Store
from tests.factories.accounts import NOW, make_person, open_walls
from tests.web.console.desk import signed_in, words_of
from tests.web.console.office import Office, make_office, secret_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(settings: Any) -> Office:
    made = make_office(settings)
    User.objects.update(language="en")
    return made


@pytest.fixture(autouse=True)
def moment() -> Any:
    with frozen_at(NOW):
        yield


def role_at(office: Office, username: str) -> str | None:
    held = Membership.objects.filter(user__username=username, merchant_id=office.shop.id).first()
    return held.role if held else None


def invite(office: Office, by: Role = Role.OWNER, **reported: str) -> Any:
    given = {"username": "dana", "name": "Дана Касенова", "language": "kk", "role": "OPERATOR"}
    return office.browser(by).post(reverse("console:person_new"), {**given, **reported})


# --- people -----------------------------------------------------------------------------------------


def test_a_new_person_gets_a_password_that_is_displayed_once(office: Office) -> None:
    """Saule lets Dana in; the password stands on the next page, opens the door, and is never seen again."""
    browser = office.owner
    answer = browser.post(
        reverse("console:person_new"),
        {"username": "dana", "name": "Дана Касенова", "language": "kk", "role": "SENIOR"},
    )
    assert (answer.status_code, answer["Location"]) == (303, reverse("console:people"))
    page = browser.get(answer["Location"])
    password = secret_of(page)
    assert len(password) == 16
    assert page["Cache-Control"] == "no-store"
    assert "may sign in now. The password below is shown once." in words_of(page)
    dana = User.objects.get(username="dana")
    assert dana.check_password(password)
    assert (dana.first_name, dana.language, role_at(office, "dana")) == ("Дана", "kk", "SENIOR")
    again = browser.get(reverse("console:people")).content.decode()
    assert password not in again
    assert secret_of(browser.get(reverse("console:people"))) == ""
    office.look()
    entry = JournalEntry.objects.get()
    assert (entry.act, entry.after) == ("ROLE_SET", {"person": "dana", "role": "SENIOR"})
    assert password not in str(entry.after)


def test_somebody_who_works_elsewhere_is_not_let_in_by_name(office: Office) -> None:
    before = User.objects.get(username="timur").password
    answer = invite(office, username="TIMUR")
    assert answer.status_code == 422
    assert "invite them" in words_of(answer)
    assert User.objects.get(username="timur").password == before
    assert role_at(office, "timur") is None
    assert User.objects.filter(username__iexact="timur").count() == 1


@pytest.mark.parametrize(
    ("reported", "field"),
    [
        ({"username": ""}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": "<script>alert(1)</script>"}, "username"),
        ({"email": "no mail"}, "email"),
        ({"role": "SYSTEM"}, "role"),
        ({"role": "KING"}, "role"),
        ({"language": "xx"}, "language"),
    ],
)
def test_a_wrong_invitation_makes_nobody(
    office: Office, reported: dict[str, str], field: str
) -> None:
    before = User.objects.count()
    answer = invite(office, **reported)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert User.objects.count() == before
    assert b"<script>alert" not in answer.content


def test_an_administrator_makes_no_owner(office: Office) -> None:
    answer = invite(office, Role.ADMIN, role="OWNER")
    assert "Only an owner may make or unmake an owner." in words_of(answer)
    assert User.objects.filter(username="dana").count() == 0
    owner = office.staff[Role.OWNER]
    path = reverse("console:person", args=[owner.pk])
    answer = office.browser(Role.ADMIN).post(path, {f"role_{office.shop.id}": "VIEWER"})
    assert answer.status_code == 422
    assert role_at(office, "owner") == "OWNER"
    answer = office.browser(Role.ADMIN).post(reverse("console:person_password", args=[owner.pk]))
    assert answer.status_code == 303
    assert User.objects.get(pk=owner.pk).password == owner.password


def test_the_last_owner_stays(office: Office) -> None:
    """Saule can neither step down nor be switched off while she is the only owner."""
    owner = office.staff[Role.OWNER]
    path = reverse("console:person", args=[owner.pk])
    answer = office.owner.post(path, {f"role_{office.shop.id}": ""})
    assert answer.status_code == 422
    assert "This is the last owner." in words_of(answer)
    assert role_at(office, "owner") == "OWNER"
    second = make_person("second", (office.shop.id, Role.OWNER))
    assert office.owner.post(path, {f"role_{office.shop.id}": "VIEWER"}).status_code == 303
    assert role_at(office, "owner") == "VIEWER"
    browser = signed_in(second)
    browser.post(reverse("console:person_switch", args=[second.pk]), {"active": "0"})
    assert User.objects.get(pk=second.pk).is_active


def test_a_role_is_changed_and_accepted_away_with_a_journal_line(office: Office) -> None:
    person = office.staff[Role.OPERATOR]
    path = reverse("console:person", args=[person.pk])
    assert office.owner.post(path, {f"role_{office.shop.id}": "SENIOR"}).status_code == 303
    assert role_at(office, "operator") == "SENIOR"
    assert office.owner.post(path, {f"role_{office.shop.id}": ""}).status_code == 303
    assert role_at(office, "operator") is None
    office.look()
    reported = [(e.before, e.after) for e in JournalEntry.objects.order_by("seq")]
    assert reported == [
        ({"role": "OPERATOR"}, {"role": "SENIOR", "person": "operator"}),
        ({"role": "SENIOR"}, {"role": None, "person": "operator"}),
    ]
    assert office.owner.get(path).status_code == 404  # no longer one of ours


def test_an_account_that_works_elsewhere_too_is_not_ours_to_change(office: Office) -> None:
    """Timur works for both shops: Saule takes his role, never his password, or she would own his shop."""
    Membership.objects.create(
        user=office.timur, merchant_id=office.shop.id, role=Role.OPERATOR, created_at=NOW
    )
    page = words_of(office.owner.get(reverse("console:person", args=[office.timur.pk])))
    assert "its password is not yours to change" in page
    for name in ("person_password", "person_switch"):
        answer = office.owner.post(
            reverse(f"console:{name}", args=[office.timur.pk]), {"active": "0"}
        )
        assert answer.status_code == 303
    timur = User.objects.get(pk=office.timur.pk)
    assert (timur.password, timur.is_active) == (office.timur.password, True)


def test_switching_off_ends_sessions_and_a_new_password_too(office: Office) -> None:
    person = office.staff[Role.OPERATOR]
    theirs = signed_in(person)
    assert theirs.get(reverse("console:register")).status_code == 200
    switch = reverse("console:person_switch", args=[person.pk])
    assert office.owner.post(switch, {"active": "0"}).status_code == 303
    assert theirs.get(reverse("console:register")).status_code == 302
    assert office.owner.post(switch, {"active": "1"}).status_code == 303
    again = signed_in(User.objects.get(pk=person.pk))
    browser = office.owner
    renewed = browser.post(reverse("console:person_password", args=[person.pk]))
    password = secret_of(browser.get(renewed["Location"]))
    assert User.objects.get(pk=person.pk).check_password(password)
    assert again.get(reverse("console:register")).status_code == 302
    office.look()
    assert password not in str(list(JournalEntry.objects.values_list("after", "before", "why")))


# --- tokens -----------------------------------------------------------------------------------------


def test_a_token_is_displayed_once_works_and_is_revoked(office: Office) -> None:
    browser, path = office.owner, reverse("console:tokens")
    answer = browser.post(path, {"name": "BI", "scopes": ["read", "write"], "days": "90"})
    assert (answer.status_code, answer["Location"]) == (303, path)
    page = browser.get(path)
    token = secret_of(page)
    assert token.startswith("qtr_")
    assert page["Cache-Control"] == "no-store"
    assert token not in browser.get(path).content.decode()
    row = ApiToken.objects.get()
    assert row.scopes == ["read", "write"]
    assert row.expires_at == NOW + timedelta(days=90)
    found = enter_as_token(token, key=None, now=NOW)
    assert found is not None
    assert found[0].user_id == office.staff[Role.OWNER].pk
    assert enter_as_token(token, key=None, now=NOW + timedelta(days=91)) is None
    assert browser.post(reverse("console:token_revoke", args=[row.pk])).status_code == 303
    assert enter_as_token(token, key=None, now=NOW) is None
    assert browser.post(reverse("console:token_revoke", args=[row.pk])).status_code == 404


def test_a_token_is_its_owners_alone(office: Office) -> None:
    office.owner.post(reverse("console:tokens"), {"name": "BI", "scopes": ["read"], "days": ""})
    row = ApiToken.objects.get()
    admin = office.browser(Role.ADMIN)
    assert "BI" not in words_of(admin.get(reverse("console:tokens")))
    assert admin.post(reverse("console:token_revoke", args=[row.pk])).status_code == 404
    assert ApiToken.objects.get().revoked_at is None


@pytest.mark.parametrize(
    "form",
    [
        {"name": "", "scopes": ["read"]},
        {"name": "x"},
        {"name": "x", "scopes": ["root"]},
        {"name": "x", "scopes": ["read"], "days": "100000"},
        {"name": "x" * 101, "scopes": ["read"]},
    ],
)
def test_a_wrong_token_form_makes_none(office: Office, form: dict[str, Any]) -> None:
    answer = office.owner.post(reverse("console:tokens"), form)
    assert answer.status_code == 422
    assert ApiToken.objects.count() == 0


def test_without_a_key_no_secret_is_made(office: Office, settings: Any) -> None:
    """An installation without an encryption key says so instead of losing what it could not show."""
    settings.QAITAR_ENCRYPTION_KEY = ""
    answer = office.owner.post(reverse("console:tokens"), {"name": "BI", "scopes": ["read"]})
    assert "has no encryption key" in words_of(answer)
    assert ApiToken.objects.count() == 0
    answer = invite(office)
    assert "has no encryption key" in words_of(answer)
    assert User.objects.filter(username="dana").count() == 0
    person = office.staff[Role.OPERATOR]
    office.owner.post(reverse("console:person_password", args=[person.pk]))
    assert User.objects.get(pk=person.pk).password == person.password


# --- profile and sign-in ----------------------------------------------------------------------------


def test_people_change_their_own_name_language_and_theme(office: Office) -> None:
    browser, path = office.browser(Role.VIEWER), reverse("console:profile")
    form = {"first_name": "Тимур", "last_name": "Ли", "language": "kk", "theme": "dark"}
    answer = browser.post(path, form)
    assert answer.status_code == 303
    assert answer.cookies["theme"].value == "dark"
    person = User.objects.get(username="viewer")
    assert (str(person), person.language, person.theme) == ("Тимур Ли", "kk", "dark")
    page = browser.get(path).content.decode()
    assert 'lang="kk"' in page
    assert 'data-theme="dark"' in page
    assert browser.post(path, {**form, "language": "de"}).status_code == 422


def test_the_profile_leads_to_codes_passkeys_and_password(office: Office) -> None:
    page = office.owner.get(reverse("console:profile")).content.decode()
    for name in ("mfa_activate_totp", "mfa_add_webauthn", "account_change_password"):
        assert f'href="{reverse(name)}"' in page


def test_nobody_signs_up_alone() -> None:
    answer = Client().get(reverse("account_signup"))
    assert 'name="password1"' not in answer.content.decode()
    before = User.objects.count()
    form = {
        "username": "x",
        "email": "x@y.kz",
        "password1": "Abc12345678",
        "password2": "Abc12345678",
    }
    Client().post(reverse("account_signup"), form)
    assert User.objects.count() == before


def test_a_forgotten_password_sends_nothing_and_says_whom_to_ask() -> None:
    """This program sends no mail of its own; the page names the people who help."""
    path = reverse("account_reset_password")
    page = Client().get(path, headers={"Accept-Language": "en"})
    assert "Ask the owner or an administrator of your shop" in words_of(page)
    assert Client().post(path, {"email": "saule@example.kz"}).status_code == 405


def test_the_pages_of_sign_in_and_second_factor_open(office: Office) -> None:
    password = "operator" * 2
    browser = Client()
    page = browser.get(reverse("account_login"))
    assert 'id="passkey_login"' in page.content.decode()
    assert "'unsafe-inline'" not in page["Content-Security-Policy"]
    answer = browser.post(
        reverse("account_login"), {"login": "operator", "password": password}, follow=True
    )
    assert answer.redirect_chain[-1][0] == "/"
    requested = browser.get(reverse("mfa_activate_totp"), follow=True)  # the password once more
    assert requested.redirect_chain[-1][0].startswith(reverse("account_reauthenticate"))
    browser.post(requested.redirect_chain[-1][0], {"password": password})
    for name in ("mfa_index", "mfa_activate_totp", "mfa_list_webauthn", "mfa_add_webauthn"):
        assert browser.get(reverse(name)).status_code == 200, name


# --- first run --------------------------------------------------------------------------------------


def test_an_empty_installation_leads_its_superuser_to_the_first_store(settings: Any) -> None:
    """The first person opens the console, is led to the welcome page, and leaves it with a shop and a role."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    first = make_person("first")
    first.is_superuser, first.language = True, "en"
    first.save()
    browser = signed_in(first)
    answer = browser.get(reverse("console:queue"))
    assert answer["Location"] == reverse("console:first_run")
    assert "From here to the first case" in words_of(browser.get(answer["Location"]))
    form = {
        "merchant": "ТОО «Начало»",
        "country": "KZ",
        "store": "Начало Kaspi",
        "hours": "10:00-19:00",
        "saturday": "10:00-15:00",
        "default_action": "CALL_DUTY",
    }
    answer = browser.post(answer["Location"], form)
    assert answer.status_code == 303
    held = Membership.objects.get(user=first)
    assert held.role == "OWNER"
    open_walls(held.merchant_id)
    merchant, store = Merchant.objects.get(), Store.objects.get()
    assert (merchant.name, merchant.currency, merchant.zone) == (
        "ТОО «Начало»",
        "KZT",
        "Asia/Almaty",
    )
    assert (store.name, store.merchant_id, store.default_action) == (
        "Начало Kaspi",
        merchant.pk,
        "CALL_DUTY",
    )
    assert (store.zone, store.week["mon"], store.week["sat"], store.week["sun"]) == (
        "Asia/Almaty",
        ["10:00", "19:00"],
        ["10:00", "15:00"],
        None,
    )
    assert answer["Location"] == reverse("console:first_run")
    assert reverse("console:first_run") in browser.get(reverse("console:queue")).content.decode()
    steps = browser.get(reverse("console:first_run")).context["first"].steps
    assert [step.done for step in steps] == [True, True, False, False, False, False]
    assert steps[2].current
    assert browser.get(steps[2].url).status_code == 200


def test_a_wrong_first_store_makes_nothing(office: Office) -> None:
    path = reverse("console:first_run")
    answer = office.owner.post(path, {"merchant": "", "country": "XX", "store": "s"})
    assert answer.status_code == 422
    office.look()
    assert Merchant.objects.count() == 2


def test_an_administrator_opens_no_merchant(office: Office) -> None:
    """Whoever posts the form, only owners and superusers open merchants."""
    form = {"merchant": "X", "country": "KZ", "store": "s", "default_action": "CALL_DUTY"}
    answer = office.browser(Role.ADMIN).post(reverse("console:first_run"), form)
    assert answer.status_code == 403
    office.look()
    assert Merchant.objects.count() == 2
    assert utc_now() == NOW


# --- pages of the account ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/2fa/webauthn/",
        "/accounts/logout/",
    ],
)
def test_pages_of_the_account_speak_their_persons_language_and_lead_back(
    office: Office, path: str
) -> None:
    """Saule reads Kazakh, her browser asks for Russian; the account speaks Kazakh and leads back to the profile."""
    User.objects.update(language="kk")
    answer = office.owner.get(path, headers={"accept-language": "ru"}, follow=True)
    assert answer.headers["Content-Language"] == "kk"
    page = answer.content.decode()
    assert f'href="{reverse("console:profile")}" data-back' in page
    assert "Профиль және қауіпсіздік" in page


def test_a_strangers_pages_speak_the_browsers_language() -> None:
    """Nobody is known yet before the password, so the browser's wish is all there is."""
    answer = Client().get("/accounts/login/", headers={"accept-language": "kk"})
    assert answer.headers["Content-Language"] == "kk"
    assert "data-back" not in answer.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/accounts/reauthenticate/",
        "/accounts/password/change/",
        "/accounts/password/reset/",
        "/accounts/2fa/",
        "/accounts/2fa/webauthn/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/recovery-codes/",
        "/accounts/logout/",
    ],
)
def test_no_sentence_of_the_account_is_left_in_russian(office: Office, path: str) -> None:
    """Libraries bring these pages in no Kazakh; what is missing falls back to Russian and would be seen here."""
    browser = Client() if "login" in path else office.owner
    proved = (
        browser.session
    )  # a password given a moment ago, as the pages of the second factor ask for
    proved["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    proved.save()
    reported: dict[str, set[str]] = {}
    for language in ("ru", "kk"):
        User.objects.update(language=language)
        page = browser.get(path, headers={"accept-language": language}, follow=True)
        displayed = re.split(
            r"<[^>]+>", re.sub(r"(?s)<(script|style)\b.*?</\1>", "", page.content.decode())
        )
        reported[language] = {text.strip() for text in displayed if text.strip()}
    assert len(reported["kk"]) > 3
    assert {line for line in reported["ru"] & reported["kk"] if re.search("[а-яё]", line)} == set()
