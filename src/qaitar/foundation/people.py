"""Merchants, people and their roles: written here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from qaitar.foundation.models import Membership, Merchant, MerchantKey, User
from qaitar.foundation.walls import see
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

LANGUAGES = ("ru", "kk", "en")


class PeopleProblem(ValueError):
    """What was asked cannot be done; a stable code."""


@transaction.atomic
def merchant_create(
    *, name: str, now: datetime, country: str = "KZ", currency: str = "KZT"
) -> Merchant:
    """Make a merchant; the transaction sees its walls from here on, and no others."""
    key = MerchantKey.objects.create(id=new_id())
    see([key.pk])
    zone = "Asia/Almaty" if country == "KZ" else "Europe/Moscow"
    return Merchant.objects.create(
        id=key.pk,
        merchant_id=key.pk,
        name=name[:200],
        country=country,
        currency=currency,
        zone=zone,
        created_at=now,
    )


def person_create(
    *, username: str, name: str, email: str, password: str, language: str = "ru"
) -> User:
    """Make a person who can sign in; without a password only OIDC or a passkey lets them in.

    Raises:
        PeopleProblem: USERNAME_TAKEN or LANGUAGE_UNKNOWN.
    """
    if language not in LANGUAGES:
        raise PeopleProblem("LANGUAGE_UNKNOWN")
    if User.objects.filter(username__iexact=username).exists():
        raise PeopleProblem("USERNAME_TAKEN")
    first, _, last = name.strip().partition(" ")
    person = User(
        username=username,
        email=email,
        first_name=first[:150],
        last_name=last[:150],
        language=language,
    )
    if password:
        person.set_password(password)
    else:
        person.set_unusable_password()
    person.save()
    return person


def role_set(*, user: User, merchant_id: UUID, role: Role | None, now: datetime) -> None:
    """Give a person a role at a merchant, change it, or take it away with None; the last owner stays.

    Raises:
        PeopleProblem: LAST_OWNER.
    """
    held = Membership.objects.filter(user=user, merchant_id=merchant_id).first()
    if held is not None and held.role == Role.OWNER and role is not Role.OWNER:
        others = Membership.objects.filter(merchant_id=merchant_id, role=Role.OWNER).exclude(
            pk=held.pk
        )
        if not others.exists():
            raise PeopleProblem("LAST_OWNER")
    if role is None:
        if held is not None:
            held.delete()
        return
    Membership.objects.update_or_create(
        user=user,
        merchant_id=merchant_id,
        defaults={"role": role.value},
        create_defaults={"role": role.value, "created_at": now},
    )
