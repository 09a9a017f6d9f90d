"""Merchants, people and their roles: written here and nowhere else."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING
from uuid import UUID

from allauth.socialaccount.models import SocialAccount
from django.db import connection, transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from qaitar.foundation.identity.actors import system_actor
from qaitar.foundation.identity.sessions import sessions_remove
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.settings_journal import setting_note
from qaitar.foundation.models import ApiToken, Membership, Merchant, MerchantKey, User
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.tenancy.walls import see
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

JOURNAL_KIND = "person"
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
    *,
    username: str,
    name: str,
    email: str,
    password: str,
    language: str = "ru",
    home: UUID | None = None,
) -> User:
    """Make a person who can sign in; without a password only OIDC or a passkey lets them in.

    The account belongs to `home`, whose owners and administrators may reset it; without one only the person may.

    Raises:
        PeopleProblem: USERNAME_TAKEN, EMAIL_TAKEN or LANGUAGE_UNKNOWN.
    """
    if language not in LANGUAGES:
        raise PeopleProblem("LANGUAGE_UNKNOWN")
    if User.objects.filter(username__iexact=username).exists():
        raise PeopleProblem("USERNAME_TAKEN")
    _email_free(email)
    first, _, last = name.strip().partition(" ")
    person = User(
        username=username,
        email=email,
        first_name=first[:150],
        last_name=last[:150],
        language=language,
        home_merchant=home,
    )
    if password:
        person.set_password(password)
    else:
        person.set_unusable_password()
    person.save()
    if home is None or not MerchantKey.objects.filter(pk=home, demo=True).exists():
        demo_close(utc_now())
    return person


def _email_free(email: str, *, besides: int | None = None) -> None:
    others = User.objects.filter(email__iexact=email)
    if email and (others.exclude(pk=besides) if besides else others).exists():
        raise PeopleProblem("EMAIL_TAKEN")


def email_set(user: User, email: str) -> bool:
    """Set the e-mail by which OIDC finds an account; accounts joined by the old one are parted.  Tells if it changed.

    Whoever sets it could sign in by it: an administrator ends access to other merchants first (`foreign_access_end`).

    Raises:
        PeopleProblem: EMAIL_TAKEN, another account has it; nothing was changed.
    """
    if user.email == email:
        return False
    _email_free(email, besides=user.pk)
    User.objects.filter(pk=user.pk).update(email=email)
    SocialAccount.objects.filter(user_id=user.pk).delete()
    return True


def nobody_yet() -> bool:
    """Tell whether no real person can sign in here: a new installation, or one with the demo's people only."""
    return not real_people().exists()


def demo_people() -> QuerySet[User]:
    """Give the accounts that belong to a demo shop, whoever made them."""
    demo = MerchantKey.objects.filter(demo=True).values("pk")
    return User.objects.filter(home_merchant__in=demo)


def real_people() -> QuerySet[User]:
    """Give the accounts that can sign in and belong to no demo shop."""
    return User.objects.filter(is_active=True).exclude(pk__in=demo_people().values("pk"))


def demo_close(now: datetime) -> None:
    """Let nobody into the demo by its published passwords any more, and take office rights from its people.

    Done as soon as a real person has an account: the demo then stands beside real data.  Sessions and tokens end too.
    """
    for each in demo_people():
        each.set_unusable_password()
        each.save(update_fields=["password"])
        sessions_end(each)
        tokens_end(each, now)
    office = Membership.objects.filter(user__in=demo_people(), role__in=[Role.OWNER, Role.ADMIN])
    office.update(role=Role.VIEWER)


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
    """Make the first owner, who may open merchants; refused as soon as a real person can sign in.

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

    Taking it away signs the person out everywhere and ends their API tokens, which are not bound to one merchant.

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
            tokens_end(user, now)
            sessions_end(user)
        return
    Membership.objects.update_or_create(
        user=user,
        merchant_id=merchant_id,
        defaults={"role": role.value},
        create_defaults={"role": role.value, "created_at": now},
    )


def person_switch(*, user: User, active: bool, now: datetime) -> None:
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
    if not active:  # they do not come back when the account is switched on again
        tokens_end(user, now)
        sessions_end(user)
    elif real_people().filter(pk=user.pk).exists():
        demo_close(now)


def password_new() -> str:
    """Make a random password for somebody who will be told it once."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def password_set(user: User, password: str) -> None:
    """Give a person another password; their sessions end with the old one."""
    user.set_password(password)
    user.save(update_fields=["password"])
    sessions_remove(user.pk)


def sessions_end(user: User) -> None:
    """Sign a person out everywhere."""
    sessions_remove(user.pk)
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)


def tokens_end(user: User, now: datetime) -> None:
    """End every API token of a person, those of companions too."""
    ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=now)


def home_begin(user: User, merchant_id: UUID) -> None:
    """Make a merchant the home of an account that has none: the first owner's first company."""
    User.objects.filter(pk=user.pk, home_merchant=None).update(home_merchant=merchant_id)


def real_memberships(user_id: int) -> QuerySet[Membership]:
    """List where a person works; practice shops do not count."""
    practice = MerchantKey.objects.filter(practice_of__isnull=False).values("pk")
    return Membership.objects.filter(user_id=user_id).exclude(merchant_id__in=practice)


def person_note(user: User, merchant_id: UUID, line: JournalLine) -> None:
    """Write a line into the chain of one person at one merchant, behind that merchant's walls."""
    subject = UUID(int=merchant_id.int ^ user.pk)
    setting_note(merchant_id=merchant_id, subject_id=subject, kind=JOURNAL_KIND, line=line)


@transaction.atomic
def foreign_access_end(user: User, *, merchants: Sequence[UUID], now: datetime) -> None:
    """End a person's access to every merchant except these, which reset their credentials.

    Whoever holds the new credentials would else get into merchants that trusted the person, not them.  Each merchant
    finds a line in its journal.  The walls stand open for `merchants` afterwards.

    Raises:
        PeopleProblem: LAST_OWNER_ELSEWHERE, the person is the only owner of another merchant; nothing was changed.
    """
    foreign = list(
        real_memberships(user.pk).exclude(merchant_id__in=merchants).order_by("merchant_id")
    )
    _one_at_a_time([each.merchant_id for each in foreign])
    for held in foreign:
        try:
            if held.role == Role.OWNER:
                _another_owner(user, held.merchant_id)
        except PeopleProblem as problem:
            raise PeopleProblem("LAST_OWNER_ELSEWHERE") from problem
    for held in foreign:
        see([held.merchant_id])
        after = {"person": user.username, "role": None, "reason": "CREDENTIALS_RESET_AT_HOME"}
        before = {"role": held.role}
        line = JournalLine(
            act="ROLE_SET", at=now, by=system_actor("web"), before=before, after=after
        )
        person_note(user, held.merchant_id, line)
        held.delete()
    see(merchants)
    tokens_end(user, now)
