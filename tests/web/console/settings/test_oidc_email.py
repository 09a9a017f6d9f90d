"""The e-mail that opens an account by OIDC: one account's only, set by an administrator of its home."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction
from django.test import RequestFactory
from django.urls import reverse

from qaitar.foundation.identity.security_models import SecurityEvent
from qaitar.foundation.models import JournalEntry, Membership, User
from qaitar.kernel.roles import Role
from qaitar.web.console.frame.accounts import KnownPeopleOnly
from tests.factories.accounts import make_person
from tests.web.console.desk import words_of
from tests.web.console.office import Office, make_office

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(settings: Any) -> Office:
    made = make_office(settings)
    User.objects.update(language="en")
    return made


def joined(email: str) -> list[User]:
    """Sign in by a service that vouches for this e-mail, and tell whose account opens."""
    opened: list[User] = []
    login = SimpleNamespace(
        is_existing=False,
        account=SimpleNamespace(extra_data={"email": email, "email_verified": True}),
        connect=lambda _request, person: opened.append(person),
    )
    KnownPeopleOnly().pre_social_login(RequestFactory().get("/"), login)
    return opened


@pytest.mark.parametrize("other", ["OWNER@a.kz", "owner@a.kz"])
def test_an_email_is_of_one_account_only(other: str) -> None:
    """The database refuses the second; the first keeps it and opens by it."""
    owner, evil = make_person("owner"), make_person("evil")
    User.objects.filter(pk=owner.pk).update(email="owner@a.kz")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=evil.pk).update(email=other)
    assert joined("Owner@A.kz") == [owner]


def test_nobody_sets_their_own(office: Office) -> None:
    browser = office.browser(Role.OPERATOR)
    form = {"first_name": "Evil", "language": "en", "theme": "auto", "email": "owner@a.kz"}
    assert browser.post(reverse("console:profile"), form).status_code == 303
    assert User.objects.get(username="operator").email == ""


def test_an_administrator_of_the_home_sets_it_and_other_access_ends(office: Office) -> None:
    """The new e-mail would open other merchants to whoever set it; identities joined before open nothing more."""
    dana = make_person("dana", (office.shop.id, Role.OPERATOR), (office.other.id, Role.SENIOR))
    SocialAccount.objects.create(user=dana, provider="oidc", uid="old")
    path = reverse("console:person_email", args=[dana.pk])
    office.stranger.post(path, {"email": "timur@x.kz"})  # works there, but it is not home
    assert User.objects.get(pk=dana.pk).email == ""
    assert office.browser(Role.ADMIN).post(path, {"email": "dana@a.kz"}).status_code == 303
    assert joined("dana@a.kz") == [dana]
    held = Membership.objects.filter(user=dana).values_list("merchant_id", flat=True)
    assert list(held) == [office.shop.id]
    assert not SocialAccount.objects.exists()
    office.look()
    event = SecurityEvent.objects.get(kind="EMAIL_CHANGED")
    assert (event.name, event.about_name) == ("Admin", "Dana")
    entry = JournalEntry.objects.get(act="EMAIL_SET")
    assert "dana@a.kz" not in str(entry.after)


def test_a_accepted_or_broken_one_is_refused_with_a_sentence(office: Office) -> None:
    User.objects.filter(username="timur").update(email="t@a.kz")
    dana = make_person("dana", (office.shop.id, Role.OPERATOR), (office.other.id, Role.SENIOR))
    path = reverse("console:person_email", args=[dana.pk])
    for email, stated in (("T@a.kz", "Another account has this e-mail."), ("x", "not an e-mail")):
        answer = office.owner.post(path, {"email": email}, follow=True)
        assert stated in words_of(answer)
    assert User.objects.get(pk=dana.pk).email == ""
    assert dana.memberships.count() == 2
    new = {"username": "n", "name": "N", "language": "en", "role": "VIEWER", "email": "t@A.kz"}
    assert office.owner.post(reverse("console:person_new"), new).status_code == 422
