"""Accounts over two merchants in all 2,520 orders of what is done with them; a cut is in the ordinary run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from qaitar.foundation.models import User
from qaitar.foundation.ops.clock import frozen_at
from tests.factories.accounts import NOW
from tests.web.console.office import make_office
from tests.web.console.settings.test_accounts_of_two_merchants import (
    SIDES,
    Walk,
    every_side,
    orders,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def moment() -> Iterator[None]:
    with frozen_at(NOW):
        yield


@pytest.mark.parametrize("first", SIDES)
def test_nobody_of_one_merchant_ever_holds_what_opens_the_other(
    settings: Any, tmp_path: Path, first: str
) -> None:
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # as right, and fast
    settings.STATIC_ROOT, settings.WHITENOISE_USE_FINDERS = tmp_path, False
    office = make_office(settings)
    User.objects.update(language="en")
    done = 0
    for order in orders():
        with transaction.atomic():
            shops = {"A": office.shop.id, "B": office.other.id}
            every_side(Walk(shops, {"A": office.owner, "B": office.stranger}), order, first=first)
            transaction.set_rollback(True)
        done += 1
    sys.stdout.write(
        f"account orders beginning with {first}: {done} walked, 0 keys to another merchant\n"
    )
    assert done == 2520
