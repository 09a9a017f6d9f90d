"""The cast: Aigerim the operator, Daulet the senior, Oksana the customer, Timur from another shop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import get_hasher, make_password
from django.db import connection

from qaitar.foundation.identity.access import enter_as_user, token_create
from qaitar.foundation.identity.actors import Actor
from qaitar.foundation.models import Membership, Merchant, MerchantKey, User
from qaitar.foundation.tenancy.walls import SETTING, see
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.orders.models import Store

if TYPE_CHECKING:
    from uuid import UUID

NOW = datetime(2026, 5, 14, 6, 0, tzinfo=UTC)  # a Thursday, 11:00 in Almaty


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant with one store."""

    merchant: Merchant
    store: Store

    @property
    def id(self) -> UUID:
        return self.merchant.pk


def open_walls(*merchants: UUID) -> None:
    """Let the test itself look behind these walls (and no others) until the next request or call."""
    see(merchants)


def seen_merchants() -> str:
    """Tell which walls stand open now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s, true)", [SETTING])
        return cursor.fetchone()[0] or ""


def make_merchant(name: str = "ТОО «Алма»", *, now: datetime = NOW) -> Merchant:
    """Make a merchant and open its walls."""
    key = MerchantKey.objects.create(id=new_id())
    see([key.pk])
    return Merchant.objects.create(id=key.pk, merchant_id=key.pk, name=name, created_at=now)


def make_shop(name: str = "ТОО «Алма»", *, now: datetime = NOW, **store: object) -> Shop:
    """Make a merchant with a store and open its walls."""
    merchant = make_merchant(name, now=now)
    made = Store.objects.create(
        id=new_id(), merchant_id=merchant.pk, name=f"{name} Kaspi", created_at=now, **store
    )
    return Shop(merchant, made)


@cache
def _hashed(password: str, _algorithm: str) -> str:
    """Hash slowly, as the program does, once: most people of tests never sign in, and the same names come back."""
    return make_password(password)


def make_person(username: str, *memberships: tuple[UUID, Role], now: datetime = NOW) -> User:
    """Make a person with roles; the password is the username twice."""
    person = User(username=username, first_name=username.title(), language="ru")
    person.password = _hashed(username * 2, get_hasher().algorithm)
    person.home_merchant = memberships[0][0] if memberships else None
    person.save()
    for merchant_id, role in memberships:
        Membership.objects.create(user=person, merchant_id=merchant_id, role=role, created_at=now)
    return person


def actor(person: User, merchant_id: UUID) -> Actor:
    """Speak as this person; their walls are open from here on."""
    principal = enter_as_user(person.pk)
    assert principal is not None
    return principal.actor_at(merchant_id)


def make_token(person: User, *scopes: str, now: datetime = NOW) -> str:
    """Make an API token for a person."""
    return token_create(user=person, name="test", scopes=scopes or ("read", "write"), now=now)
