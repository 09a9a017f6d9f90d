"""Signing in by OIDC with an e-mail that two accounts have opens neither."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from allauth.core.exceptions import ImmediateHttpResponse
from django.test import RequestFactory

from qaitar.foundation.models import User
from qaitar.web.console.accounts import KnownPeopleOnly
from tests.factories.accounts import make_person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("others", ["OWNER@a.kz", "owner@a.kz"])
def test_two_accounts_with_one_email_are_refused(others: str) -> None:
    """The first to claim an e-mail does not get the sign-in of its owner."""
    for name, email in (("evil", others), ("owner", "owner@a.kz")):
        User.objects.filter(pk=make_person(name).pk).update(email=email)
    joined: list[object] = []
    claims = {"email": "owner@a.kz", "email_verified": True}
    login = SimpleNamespace(
        is_existing=False,
        account=SimpleNamespace(extra_data=claims),
        connect=lambda _request, person: joined.append(person),
    )
    with pytest.raises(ImmediateHttpResponse) as refused:
        KnownPeopleOnly().pre_social_login(RequestFactory().get("/"), login)
    assert refused.value.response.status_code == 403
    assert joined == []
