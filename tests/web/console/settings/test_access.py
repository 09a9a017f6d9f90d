"""Ways in: owners see and end them, they end by themselves, a second factor is demanded, changes need a fresh sign-in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.urls import URLPattern, reverse

from qaitar.flows.housekeeping import security_forget
from qaitar.foundation.identity.access import enter_as_token, token_create
from qaitar.foundation.identity.companions import code_create, companion_of, companion_pair
from qaitar.foundation.identity.people import password_set, person_switch
from qaitar.foundation.identity.security_models import SecurityEvent
from qaitar.foundation.identity.sessions import SignInSession
from qaitar.foundation.models import ApiToken, MerchantKey, User
from qaitar.foundation.ops.clock import frozen_at
from qaitar.kernel.roles import Role
from qaitar.web.console.settings import urls as urls_office
from tests.factories.accounts import NOW, make_token
from tests.web.console.desk import counted, signed_in, words_of
from tests.web.console.office import Office, make_office

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db

SENSITIVE = {
    "access_end",
    "access_rules",
    "companion_code",
    "companion_revoke",
    "connection",
    "connection_new",
    "connection_remove",
    "invitation_withdraw",
    "person",
    "person_email",
    "person_invite",
    "person_new",
    "person_password",
    "person_switch",
    "token_revoke",
    "tokens",
    "webhook",
    "webhook_remove",
    "webhook_rotate",
    "webhook_switch",
    "webhooks",
}


@pytest.fixture
def office(settings: Any) -> Office:
    made = make_office(settings)
    User.objects.update(language="en")
    return made


@pytest.fixture(autouse=True)
def moment() -> Iterator[None]:
    with frozen_at(NOW):
        yield


def kinds(office: Office) -> list[str]:
    office.look()
    return list(SecurityEvent.objects.order_by("id").values_list("kind", flat=True))


# --- sessions ---------------------------------------------------------------------------------------


def test_a_session_ends_when_nothing_is_done_and_polling_does_not_keep_it(office: Office) -> None:
    """Two hours are the default; an open page that asks by itself is no work."""
    working, left = office.browser(Role.OPERATOR), office.browser(Role.OPERATOR)
    for minutes in range(0, 121, 20):
        with frozen_at(NOW + timedelta(minutes=minutes)):
            assert working.get("/").status_code == 200
            assert left.get(reverse("console:live")).status_code == 200 if minutes < 120 else True
    with frozen_at(NOW + timedelta(minutes=121)):
        assert left.get("/").status_code == 302
        assert working.get("/").status_code == 200


def test_a_session_ends_twelve_hours_after_signing_in(office: Office) -> None:
    browser = office.browser(Role.OPERATOR)
    for hour in range(12):
        with frozen_at(NOW + timedelta(hours=hour)):
            assert browser.get("/").status_code == 200
    with frozen_at(NOW + timedelta(hours=12, seconds=1)):
        assert browser.get("/").status_code == 302


def test_use_is_written_once_a_minute_at_most(office: Office) -> None:
    browser, page = office.browser(Role.OPERATOR), reverse("console:profile")
    browser.get(page)
    with frozen_at(NOW + timedelta(seconds=59)):
        quiet = counted(browser, page)
    with frozen_at(NOW + timedelta(seconds=61)):
        assert counted(browser, page) == quiet + 1
        assert counted(browser, page) == quiet
    row = SignInSession.objects.get(user_id=office.staff[Role.OPERATOR].pk)
    assert row.last_seen_at == NOW + timedelta(seconds=61)


def test_the_merchants_rule_of_idle_time_holds_at_once(office: Office) -> None:
    """The strictest rule of a person's merchants; sessions that are open already end earlier too."""
    idle, owner = office.browser(Role.OPERATOR), office.owner
    idle.get("/")
    rules = {"second_factor": "", "idle_minutes": "15", "security_days": "100"}
    assert owner.post(reverse("console:access_rules"), rules).status_code == 303
    key = MerchantKey.objects.get(pk=office.shop.id)
    assert (key.idle_minutes, key.security_days) == (15, 100)
    with frozen_at(NOW + timedelta(minutes=16)):
        assert idle.get("/").status_code == 302
        assert office.stranger.get("/").status_code == 200
    assert kinds(office) == ["RULES_CHANGED"]
    bad = {**rules, "security_days": "10", "idle_minutes": "7"}
    assert owner.post(reverse("console:access_rules"), bad).status_code == 422
    assert MerchantKey.objects.get(pk=office.shop.id).security_days == 100


def test_a_new_password_and_switching_off_end_sessions_and_tokens_for_good(office: Office) -> None:
    person = office.staff[Role.OPERATOR]
    first = signed_in(person)
    password_set(person, "another one 123")
    assert first.get("/").status_code == 302
    second, token = signed_in(person), make_token(person)
    person_switch(user=person, active=False, now=NOW)
    person_switch(user=person, active=True, now=NOW)
    assert second.get("/").status_code == 302
    assert enter_as_token(token, key=None, now=NOW) is None
    assert not SignInSession.objects.filter(user_id=person.pk).exists()


# --- the owner's page -------------------------------------------------------------------------------


def test_an_owner_sees_and_ends_what_opens_their_shop(office: Office) -> None:
    """Session, token and companion of the operator end by a press each; those of another shop are neither seen nor ended."""
    person, owner = office.staff[Role.OPERATOR], office.owner
    browser, token = signed_in(person), make_token(person)
    theirs = make_token(office.timur)
    paired = companion_pair(code=code_create(user=person, now=NOW), browser="Edge 7", now=NOW)
    text = owner.get(reverse("console:access")).content.decode()
    assert text.count(">Operator") == 3
    assert "Timur" not in text
    assert browser.session.session_key not in text
    page = owner.get(reverse("console:access")).context
    mine = [row for name in ("sessions", "tokens", "companions") for row in page[name]]
    for row in mine:
        if row.person == "Operator":
            assert owner.post(row.end_url).status_code == 303
    assert browser.get("/").status_code == 302
    for gone in (token, paired):
        assert enter_as_token(gone, key=None, now=NOW) is None
    assert kinds(office) == ["SESSION_ENDED", "TOKEN_ENDED", "COMPANION_ENDED"]
    key = ApiToken.objects.get(user=office.timur).pk
    assert owner.post(reverse("console:access_end", args=["token", str(key)])).status_code == 404
    assert enter_as_token(theirs, key=None, now=NOW) is not None


# --- tokens -----------------------------------------------------------------------------------------


def test_a_token_ends_by_itself_and_that_is_noted_once(office: Office) -> None:
    person = office.staff[Role.OPERATOR]
    token = token_create(user=person, name="1C", scopes=["read"], now=NOW)
    paired = companion_pair(code=code_create(user=person, now=NOW), browser="Edge", now=NOW)
    end = NOW + timedelta(days=365)
    for each in (token, paired):
        assert enter_as_token(each, key=None, now=end - timedelta(seconds=1)) is not None
        assert enter_as_token(each, key=None, now=end) is None
    security_forget(end)
    security_forget(end)
    assert kinds(office) == ["TOKEN_EXPIRED", "TOKEN_EXPIRED"]
    assert companion_of(paired) is not None
    assert not ApiToken.objects.filter(revoked_at=None).exists()


def test_no_token_without_an_end_is_offered(office: Office) -> None:
    page = reverse("console:tokens")
    for days, left in (("", 365), ("90", 90)):
        office.owner.post(page, {"name": f"t{left}", "scopes": ["read"], "days": days})
        made = ApiToken.objects.get(name=f"t{left}")
        assert made.expires_at - made.created_at == timedelta(days=left)
    form = office.owner.get(page).context["form"]
    assert [value for value, _word in form.fields["days"].choices] == ["90", "365"]


def test_the_day_of_last_use_is_written_once_a_day(office: Office) -> None:
    person = office.staff[Role.OPERATOR]
    token = make_token(person)
    row = ApiToken.objects.get(user=person)
    assert row.last_used_on is None
    for at, day in (
        (datetime(2026, 5, 14, 23, 59, tzinfo=UTC), date(2026, 5, 14)),
        (
            datetime(2026, 5, 14, 1, tzinfo=UTC),
            date(2026, 5, 14),
        ),  # an earlier clock changes nothing
        (datetime(2026, 5, 15, 0, 1, tzinfo=UTC), date(2026, 5, 15)),
    ):
        assert enter_as_token(token, key=None, now=at) is not None
        row.refresh_from_db()
        assert row.last_used_on == day


# --- second factor ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "led"),
    [("", set()), ("MANAGERS", {Role.OWNER, Role.ADMIN}), ("ALL", set(Role) - {Role.SYSTEM})],
)
def test_a_demanded_second_factor_comes_before_anything_else(
    office: Office, rule: str, led: set[Role]
) -> None:
    MerchantKey.objects.filter(pk=office.shop.id).update(second_factor=rule)
    needed = reverse("console:second_factor_needed")
    for role in office.staff:
        browser = office.browser(role)
        answer = browser.get("/")
        if role in led:
            assert (answer.status_code, answer["Location"]) == (302, needed)
            assert browser.get(needed).status_code == 200
            assert browser.get(reverse("mfa_activate_totp")).status_code in {200, 302}
            TOTP.activate(office.staff[role], "JBSWY3DPEHPK3PXP")
        assert browser.get("/").status_code == 200, role
    assert office.stranger.get("/").status_code == 200


def test_somebody_without_the_factor_opens_no_page_at_all(office: Office) -> None:
    MerchantKey.objects.filter(pk=office.shop.id).update(second_factor="ALL")
    owner = office.owner
    token = {"name": "x", "scopes": ["read"], "days": "90"}
    assert owner.post(reverse("console:tokens"), token).status_code == 302
    assert not ApiToken.objects.exists()
    for pattern in urls_office.urlpatterns:
        if "<" in str(pattern.pattern) or pattern.name in {"second_factor_needed", "invitations"}:
            continue
        answer = owner.get(reverse(f"console:{pattern.name}"))
        assert answer.status_code in {302, 405}, pattern.name


# --- fresh sign-in ----------------------------------------------------------------------------------


def test_every_change_of_ways_in_is_inside_a_fresh_sign_in(office: Office) -> None:
    """By the marks on the views; a new page of tokens, people or connections is to be added here."""

    def marked(pattern: URLPattern) -> bool:
        view: Any = pattern.callback
        while view is not None:
            if getattr(view, "is_sensitive", False):
                return True
            view = getattr(view, "__wrapped__", None)
        return False

    assert {each.name for each in urls_office.urlpatterns if marked(each)} == SENSITIVE


def test_after_ten_minutes_nothing_changes_until_the_password_is_given(office: Office) -> None:
    owner, tokens = office.owner, reverse("console:tokens")
    form = {"name": "x", "scopes": ["read"], "days": "90"}
    owner.get(tokens)
    with frozen_at(NOW + timedelta(minutes=10, seconds=1)):
        page = owner.get(tokens)
        assert "confirm first that it is you" in words_of(page)
        answer = owner.post(tokens, form, HTTP_REFERER=f"http://testserver{tokens}")
        assert answer["Location"] == f"/accounts/reauthenticate/?next={tokens.replace('/', '%2F')}"
        assert not ApiToken.objects.exists()
        wrong = owner.post(answer["Location"], {"password": "wrong"})
        assert wrong.status_code == 200
        assert owner.post(tokens, form)["Location"].startswith("/accounts/reauthenticate/")
        right = owner.post(answer["Location"], {"password": "ownerowner", "next": tokens})
        assert right["Location"] == tokens
        assert owner.post(tokens, form)["Location"] == tokens
    assert ApiToken.objects.count() == 1
    assert kinds(office) == ["SIGN_IN_FAILED", "CONFIRMED", "TOKEN_MADE"]


def test_within_ten_minutes_nobody_is_requested(office: Office) -> None:
    owner, tokens = office.owner, reverse("console:tokens")
    with frozen_at(NOW + timedelta(minutes=9)):
        assert "confirm first" not in words_of(owner.get(tokens))
        owner.post(tokens, {"name": "x", "scopes": ["read"], "days": "90"})
    assert ApiToken.objects.count() == 1
