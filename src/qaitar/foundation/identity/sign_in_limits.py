"""Limits of sign-in tries, kept in the database so that they hold over all processes and machines.

Counted are failures of one login from one address.  After a few of them the next try has to wait, longer each time;
nothing is ever locked, and no failure from another address counts.  A second, much wider count is over all logins of
one address (or for second factors over all addresses of one account); it holds up nobody who has signed in from
there before.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import connection, transaction

from qaitar.foundation.identity.client_address import address_group
from qaitar.foundation.identity.security_models import SignInTry

if TYPE_CHECKING:
    from datetime import datetime

FORGET: Final = timedelta(
    hours=1
)  # after so long without a try, failures are counted from the start
KNOWN: Final = timedelta(days=30)  # so long a login is known at an address


@dataclass(frozen=True, slots=True)
class Limit:
    """So many failures are free; from then on waits double from one second up to the longest."""

    free: int
    longest_s: int


OWN: Final = Limit(free=5, longest_s=900)
WIDE: Final = Limit(free=100, longest_s=60)

_BEGIN: Final = """
INSERT INTO foundation_signintry AS t (key, failures, last_at, next_at)
VALUES (%(key)s, 1, %(now)s, %(now)s)
ON CONFLICT (key) DO UPDATE SET
  failures = CASE WHEN t.last_at < %(forget)s THEN 1 ELSE t.failures + 1 END,
  last_at = %(now)s,
  next_at = %(now)s + make_interval(secs =>
    CASE WHEN t.last_at < %(forget)s OR t.failures + 1 < %(free)s THEN 0
         ELSE least(%(longest)s, power(2, least(t.failures + 1 - %(free)s, 20))) END)
WHERE t.next_at <= %(now)s
RETURNING succeeded_at
"""


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """One try that was counted as failed when it began; `attempt_succeeded` takes that back."""

    own_key: bytes
    wide_key: bytes


class TriesTooSoon(Exception):
    """Too many failures: the next try is taken after `wait_s` seconds."""

    def __init__(self, wait_s: int) -> None:
        """Carry the wait."""
        super().__init__(str(wait_s))
        self.wait_s = wait_s


def password_attempt(login: str, address: str, now: datetime) -> SignInAttempt:
    """Begin to check a password, in the caller's transaction; counted over all logins of an address as well.

    Raises:
        TriesTooSoon: the password must not be checked now; this try does not count.
    """
    place = address_group(address)
    own = _key("password", login.strip().lower(), place)
    return _begun(SignInAttempt(own, _key("password", "", place)), now)


def factor_attempt(user_id: int, address: str, now: datetime) -> SignInAttempt:
    """Begin to check a code of a second factor; counted over all addresses of an account as well.  As above."""
    own = _key("factor", str(user_id), address_group(address))
    return _begun(SignInAttempt(own, _key("factor", str(user_id), "")), now)


def attempt_succeeded(attempt: SignInAttempt, now: datetime) -> None:
    """Note that an attempt was the right person's."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE foundation_signintry SET failures = 0, next_at = %s, succeeded_at = %s WHERE key = %s",
            [now, now, attempt.own_key],
        )
        cursor.execute(
            "UPDATE foundation_signintry SET failures = greatest(failures - 1, 0), next_at = %s WHERE key = %s",
            [now, attempt.wide_key],
        )


def tries_forget(now: datetime) -> int:
    """Remove what no try was counted by for a month; returns how many."""
    return SignInTry.objects.filter(last_at__lt=now - KNOWN).delete()[0]


def _key(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()


def _begun(attempt: SignInAttempt, now: datetime) -> SignInAttempt:
    with transaction.atomic():  # a try refused by the wide limit is not counted by the other
        succeeded_at = _count(attempt.own_key, OWN, now)
        if succeeded_at is None or succeeded_at < now - KNOWN:
            _count(attempt.wide_key, WIDE, now)
    return attempt


def _count(key: bytes, limit: Limit, now: datetime) -> datetime | None:
    """Count one failure in advance, and tell when the last success was.

    Two tries at the same moment wait for one another here, so that none slips past the count.

    Raises:
        TriesTooSoon: nothing was counted.
    """
    values: dict[str, bytes | datetime | int] = {
        "key": key,
        "now": now,
        "forget": now - FORGET,
        "free": limit.free,
        "longest": limit.longest_s,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, values)
        row: tuple[datetime | None] | None = cursor.fetchone()
    if row is None:
        next_at = SignInTry.objects.values_list("next_at", flat=True).get(pk=key)
        raise TriesTooSoon(max(1, math.ceil((next_at - now).total_seconds())))
    return row[0]
