"""Merchants, people and their roles: written here and nowhere else."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from qaitar.foundation.models import Membership, Merchant, MerchantKey, User
from qaitar.foundation.walls import see
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

LANGUAGES = ("ru", "kk", "en")
PASSWORD_BYTES = 12  # 16 letters and digits
_OWNER_LOCK = 7_241_982  # advisory: two people with the same code make one owner
_CODE_LETTERS = 16  # 80 bits: not to be guessed while the page is open


class PeopleProblem(ValueError):
    """What was asked cannot be done; a stable code."""


def _one_at_a_time(merchants: Sequence[UUID]) -> None:
    """Let changes of people at a merchant wait for one another: two owners must not remove each other at once."""
    keys = MerchantKey.objects.select_for_update().filter(pk__in=merchants).order_by("pk")
    list(keys.values_list("pk", flat=True))


def _another_owner(user: User, merchant_id: UUID) -> None:
    owners = Membership.objects.filter(
        merchant_id=merchant_id, role=Role.OWNER, user__is_active=True
    )
    if not owners.exclude(user=user).exists():
        raise PeopleProblem("LAST_OWNER")


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


def nobody_yet() -> bool:
    """Tell whether nobody can sign in here: a new installation, or one whose demo shop was taken away."""
    return not User.objects.filter(is_active=True).exists()


def owner_code() -> str:
    """Give the code that makes the first owner, the same in every process of the installation.

    It follows from the installation's secret and from how many people it has known, so it is good for one owner.
    Whoever can read the program's console may have it; whoever only reaches the page may not.
    """
    seed = salted_hmac("qaitar first owner", str(User.objects.count()), algorithm="sha256")
    letters = base64.b32encode(seed.digest()).decode()[:_CODE_LETTERS]
    return "-".join(letters[at : at + 4] for at in range(0, _CODE_LETTERS, 4))


def owner_code_fits(code: str) -> bool:
    """Tell whether this is the code, in capitals or not."""
    return constant_time_compare(code.strip().upper().encode(), owner_code().encode())


@transaction.atomic
def owner_create(*, code: str, username: str, name: str, password: str, language: str) -> User:
    """Make the first owner, who may open merchants; refused as soon as anybody can sign in.

    Raises:
        PeopleProblem: SOMEBODY_IS_HERE, CODE_WRONG, or as in `person_create`; nobody was made.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_OWNER_LOCK])
    if not nobody_yet():
        raise PeopleProblem("SOMEBODY_IS_HERE")
    if not owner_code_fits(code):
        raise PeopleProblem("CODE_WRONG")
    owner = person_create(
        username=username, name=name, email="", password=password, language=language
    )
    owner.is_superuser = True
    owner.save(update_fields=["is_superuser"])
    return owner


def role_set(*, user: User, merchant_id: UUID, role: Role | None, now: datetime) -> None:
    """Give a person a role at a merchant, change it, or take it away with None; the last owner stays.

    Raises:
        PeopleProblem: LAST_OWNER.
    """
    _one_at_a_time([merchant_id])
    held = Membership.objects.filter(user=user, merchant_id=merchant_id).first()
    if held is not None and held.role == Role.OWNER and role is not Role.OWNER:
        _another_owner(user, merchant_id)
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


def person_switch(*, user: User, active: bool) -> None:
    """Let a person sign in, or no more; their sessions and tokens end with it.  The last owner stays.

    Raises:
        PeopleProblem: LAST_OWNER of one of their merchants; nothing was changed.
    """
    held = Membership.objects.filter(user=user)
    _one_at_a_time([each.merchant_id for each in held])
    if not active:
        for each in held:
            if each.role == Role.OWNER:
                _another_owner(user, each.merchant_id)
    User.objects.filter(pk=user.pk).update(is_active=active)


def password_new() -> str:
    """Make a random password for somebody who will be told it once."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def password_set(user: User, password: str) -> None:
    """Give a person another password; their sessions end with the old one."""
    user.set_password(password)
    user.save(update_fields=["password"])
