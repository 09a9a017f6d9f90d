"""The security journal: who signed in, what was exported or revealed, how accounts and their ways in changed.

Apart from the business journal, because most of it belongs to an account and not to a merchant's case, and because it
is kept for a set time only.  No password, token or code is ever written, nor a value that was revealed.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import connection, transaction

from qaitar.foundation.identity.security_models import SecurityEvent
from qaitar.foundation.models import Membership, MerchantKey
from qaitar.foundation.tenancy.walls import SETTING, as_setting
from qaitar.kernel.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from qaitar.foundation.identity.access import Principal
    from qaitar.foundation.models import User

NOWHERE: Final = UUID(int=0)
"""Stands for no merchant: logins nobody has, accounts that work nowhere."""
KEEP_DAYS: Final = 400  # where a merchant has set nothing else
KEEP_DAYS_MIN: Final = 90  # the database refuses to remove younger events
_PAGE: Final = 10_000


class SecurityKind(StrEnum):
    """What happened."""

    SIGN_IN = "SIGN_IN"
    SIGN_IN_FAILED = "SIGN_IN_FAILED"
    SIGN_IN_DELAYED = "SIGN_IN_DELAYED"  # too many failures: the password was not looked at
    SIGN_OUT = "SIGN_OUT"
    CONFIRMED = "CONFIRMED"  # signed in again before something sensitive
    FACTOR_ADDED = "FACTOR_ADDED"
    FACTOR_REMOVED = "FACTOR_REMOVED"
    FACTOR_FAILED = "FACTOR_FAILED"
    CODES_MADE = "CODES_MADE"  # recovery codes
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105  a kind of event
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105  a kind of event
    EMAIL_CHANGED = "EMAIL_CHANGED"
    PROFILE_CHANGED = "PROFILE_CHANGED"
    OIDC_JOINED = "OIDC_JOINED"
    SESSION_ENDED = "SESSION_ENDED"
    TOKEN_MADE = "TOKEN_MADE"  # noqa: S105  a kind of event
    TOKEN_ENDED = "TOKEN_ENDED"  # noqa: S105  a kind of event
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105  a kind of event
    COMPANION_PAIRED = "COMPANION_PAIRED"
    COMPANION_ENDED = "COMPANION_ENDED"
    PERSON_MADE = "PERSON_MADE"
    PERSON_SWITCHED = "PERSON_SWITCHED"
    ROLE_SET = "ROLE_SET"
    INVITED = "INVITED"
    INVITATION_WITHDRAWN = "INVITATION_WITHDRAWN"
    INVITATION_ACCEPTED = "INVITATION_ACCEPTED"
    RULES_CHANGED = "RULES_CHANGED"  # how people of a merchant sign in
    EXPORT = "EXPORT"
    REVEAL = "REVEAL"
    LOOKED_AS = "LOOKED_AS"  # somebody looks at the demo shop as one of its people


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something came from."""

    address: str = ""
    browser: str = ""
    channel: str = "web"


@dataclass(frozen=True, slots=True)
class SecurityNote:
    """One event to be written: what, when, by whom, about whom, from where."""

    kind: SecurityKind
    at: datetime
    origin: Origin
    by: tuple[int | None, str] = (None, "")  # account and name
    about: tuple[int | None, str] = (None, "")  # the account it was done to, if another one
    details: Mapping[str, Any] = field(default_factory=dict)


def note_by(
    who: Principal, kind: SecurityKind, *, at: datetime, origin: Origin, **details: Any
) -> SecurityNote:
    """Make a note of something a signed-in person or their program did."""
    return SecurityNote(kind, at, origin, by=(who.user_id, who.name), details=details)


def security_note(merchants: Sequence[UUID], note: SecurityNote) -> None:
    """Write an event behind the walls of these merchants, in the caller's transaction; the walls stay as they are."""
    with _walls_also(merchants):
        SecurityEvent.objects.bulk_create(_row(each, note) for each in merchants)


def account_note(user: User | None, note: SecurityNote) -> None:
    """Write an event of an account behind the walls of every merchant it works for."""
    security_note(merchants_of(user), note)


def merchants_of(user: User | None) -> tuple[UUID, ...]:
    """Name the merchants that see the events of an account: where it works, its home; `NOWHERE` if there is none."""
    if user is None:
        return (NOWHERE,)
    practice = MerchantKey.objects.filter(practice_of__isnull=False).values("pk")
    held = Membership.objects.filter(user_id=user.pk).exclude(merchant_id__in=practice)
    found = set(held.values_list("merchant_id", flat=True))
    if user.home_merchant is not None:
        found.add(user.home_merchant)
    return tuple(sorted(found)) or (NOWHERE,)


def security_prune(merchant_id: UUID, now: datetime, keep_days: int = KEEP_DAYS) -> int:
    """Remove a merchant's events older than its time, page by page; returns how many."""
    before = now - timedelta(days=max(keep_days, KEEP_DAYS_MIN))
    removed = 0
    while True:
        with transaction.atomic(), _walls_also((merchant_id,)):
            old = SecurityEvent.objects.filter(merchant_id=merchant_id, at__lt=before)
            page = list(old.order_by("at").values_list("pk", flat=True)[:_PAGE])
            removed += SecurityEvent.objects.filter(pk__in=page).delete()[0]
        if len(page) < _PAGE:
            return removed


def _row(merchant_id: UUID, note: SecurityNote) -> SecurityEvent:
    (user_id, name), (about_id, about_name) = note.by, note.about
    return SecurityEvent(
        id=new_id(),
        merchant_id=merchant_id,
        at=note.at,
        kind=note.kind.value,
        user_id=user_id,
        name=name[:200],
        about_id=about_id,
        about_name=about_name[:200],
        address=note.origin.address,
        browser=note.origin.browser[:200],
        channel=note.origin.channel,
        details=dict(note.details),
    )


@contextmanager
def _walls_also(merchants: Sequence[UUID]) -> Iterator[None]:
    """Open these merchants' walls besides those that are open, and put back what was open."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s, true)", [SETTING])
        before = str(cursor.fetchone()[0] or "")
        seen = {UUID(each) for each in before.strip("{}").split(",") if each}
        if seen.issuperset(merchants):
            yield
            return
        cursor.execute(
            "SELECT set_config(%s, %s, true)", [SETTING, as_setting(seen | set(merchants))]
        )
        yield
        cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, before])
