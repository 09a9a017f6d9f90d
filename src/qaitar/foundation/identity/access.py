"""Who is asking and what they may see: the only ways into the walls for people and programs."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from qaitar.foundation.identity.actors import Actor
from qaitar.foundation.identity.token_forms import TOKEN_PREFIX
from qaitar.foundation.models import ApiToken
from qaitar.foundation.ops.prepared_statements import prepared_cursor
from qaitar.foundation.tenancy.walls import SETTING
from qaitar.kernel.roles import SEE_PHONES, Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from qaitar.foundation.models import User

SCOPES = ("read", "write", "intake", "admin")
"""What a token may be narrowed to: reading, acting on cases, handing over readings only, settings."""
TOKEN_DAYS = 365
PAIRING, COMPANION = "pairing", "companion"
MACHINE_SCOPES = (PAIRING, COMPANION)
"""Never given by hand: a one-time code may only be changed for a companion's token, and that only speak of the cabinet."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who is signed in: their roles by merchant, and for a program its token's scopes."""

    user_id: int
    name: str
    language: str
    roles: Mapping[UUID, Role]
    scopes: frozenset[str] = frozenset(SCOPES)
    channel: str = "web"
    request_ref: str = ""
    idle_minutes: int = 120
    factor_missing: bool = False  # a merchant of theirs demands a second factor, and they have none

    @property
    def merchants(self) -> tuple[UUID, ...]:
        """Name the merchants whose walls are open, in a fixed order."""
        return tuple(sorted(self.roles))

    def actor_at(self, merchant_id: UUID) -> Actor:
        """Speak as this person at one merchant.

        Raises:
            KeyError: they have no role there; the walls should have made this impossible.
        """
        return Actor(
            self.user_id, self.name, self.roles[merchant_id], self.channel, self.request_ref
        )

    @property
    def phones_masked(self) -> frozenset[UUID]:
        """Name the merchants whose customers' phones are masked for this person."""
        return frozenset(key for key, role in self.roles.items() if role not in SEE_PHONES)

    def may(self, roles: frozenset[Role], merchant_id: UUID | None = None) -> bool:
        """Tell whether they hold one of `roles` at this merchant, or at any merchant when none is named."""
        if merchant_id is not None:
            return self.roles.get(merchant_id) in roles
        return any(role in roles for role in self.roles.values())


# Whoever practises works in the practice shop and nowhere else until they end it; their programs never do.
_PRINCIPAL_SQL = """
WITH {first} person AS (
    SELECT u.id, COALESCE(NULLIF(TRIM(u.first_name || ' ' || u.last_name), ''), u.username) AS name,
           u.language, {scopes} AS scopes
    FROM foundation_user u {join} WHERE u.is_active AND {where}
), roles AS (
    SELECT jsonb_object_agg(h.merchant_id, h.role) AS by_merchant,
           '{{' || string_agg(h.merchant_id::text, ',') || '}}' AS setting,
           min(h.idle_minutes) AS idle_minutes, bool_or(h.factor) AS factor
    FROM (SELECT m.merchant_id, m.role, k.practice_of IS NOT NULL AS practice,
                 min(k.idle_minutes) OVER () AS idle_minutes,
                 bool_or(k.second_factor = 'ALL' OR k.second_factor = 'MANAGERS' AND m.role IN ('OWNER', 'ADMIN'))
                   OVER () AS factor,
                 bool_or(k.practice_of IS NOT NULL) OVER () AS practises
          FROM foundation_membership m JOIN foundation_merchantkey k ON k.id = m.merchant_id AND k.active
          WHERE m.user_id = (SELECT id FROM person)) h
    WHERE h.practice = {practice}
)
SELECT person.id, person.name, person.language, person.scopes, roles.by_merchant,
       set_config('{setting}', COALESCE(roles.setting, ''), true), COALESCE(roles.idle_minutes, 120),
       COALESCE(roles.factor, false) AND NOT EXISTS
         (SELECT FROM mfa_authenticator a WHERE a.user_id = person.id AND a.type <> 'recovery_codes') {extra}
FROM person, roles
"""
_BY_USER = _PRINCIPAL_SQL.format(
    first="",
    scopes="NULL::jsonb",
    join="",
    where="u.id = %s",
    practice="h.practises",
    setting=SETTING,
    extra="",
)
# That a token is in use is written once a day; who is writing it already is not waited for.
_USED = """used AS (
    UPDATE foundation_apitoken SET last_used_on = %s WHERE id = (
        SELECT id FROM foundation_apitoken WHERE digest = %s AND revoked_at IS NULL AND expires_at > %s
            AND (last_used_on IS NULL OR last_used_on < %s) FOR UPDATE SKIP LOCKED)
), """
_BY_TOKEN = _PRINCIPAL_SQL.format(
    first=_USED,
    scopes="t.scopes",
    join="JOIN foundation_apitoken t ON t.user_id = u.id",
    where="t.digest = %s AND t.revoked_at IS NULL AND t.expires_at > %s",
    practice="false",
    setting=SETTING,
    extra="/*extra*/",
)
_NO_IDEMPOTENCY = ", true, NULL::bytea, NULL::int, NULL::bytea"
_IDEMPOTENCY = """, pg_try_advisory_xact_lock(hashtextextended(person.id::text || %s::text, 7)),
    (SELECT fingerprint FROM foundation_idempotencyrecord i WHERE i.user_id = person.id AND i.key = %s),
    (SELECT status FROM foundation_idempotencyrecord i WHERE i.user_id = person.id AND i.key = %s),
    (SELECT body FROM foundation_idempotencyrecord i WHERE i.user_id = person.id AND i.key = %s)"""


def _principal(row: Sequence[object], channel: str, ref: str) -> Principal:
    user_id, name, language = row[:3]
    assert isinstance(user_id, int)
    scopes, by_merchant = (json.loads(str(each)) if each else None for each in row[3:5])
    return Principal(
        user_id=user_id,
        name=str(name),
        language=str(language),
        roles={UUID(key): Role(role) for key, role in (by_merchant or {}).items()},
        scopes=frozenset(SCOPES if scopes is None else scopes),
        channel=channel,
        request_ref=ref,
        idle_minutes=int(str(row[6])),
        factor_missing=bool(row[7]),
    )


def _fetch(sql: str, arguments: Sequence[Any]) -> Sequence[Any] | None:
    with prepared_cursor() as cursor:
        cursor.execute(sql, arguments)
        row: Sequence[Any] | None = cursor.fetchone()
    return row


def enter_as_user(user_id: int, *, ref: str = "", channel: str = "web") -> Principal | None:
    """Open the walls of a signed-in person for this transaction; None if the account is switched off.

    One statement: who they are, their roles, and the setting the walls read.
    """
    row = _fetch(_BY_USER, [user_id])
    return None if row is None else _principal(row, channel, ref)


@dataclass(frozen=True, slots=True)
class Replay:
    """What is known of an idempotency key: whether this call holds it, and the answer stored before."""

    held: bool
    fingerprint: bytes | None
    status: int | None
    body: bytes | None


def enter_as_token(
    token: str, *, key: str | None, now: datetime, ref: str = ""
) -> tuple[Principal, Replay] | None:
    """Open the walls for a program's token, taking hold of its idempotency key; None if the token is not valid.

    One statement for all of it; it also writes on which day the token was last used.
    """
    digest, today = digest_of(token), now.astimezone(UTC).date()
    extra, arguments = _NO_IDEMPOTENCY, [today, digest, now, today, digest, now]
    if key is not None:
        extra, arguments = _IDEMPOTENCY, [*arguments, key, key, key, key]
    row = _fetch(_BY_TOKEN.replace("/*extra*/", extra), arguments)
    if row is None:
        return None
    return _principal(row, "api", ref), Replay(*row[8:])


def digest_of(token: str) -> bytes:
    """Take the SHA-256 under which a token is kept.  Tokens are random, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).digest()


def token_create(
    *, user: User, name: str, scopes: Sequence[str], now: datetime, days: int = TOKEN_DAYS
) -> str:
    """Make a token and return it, the only time it is ever shown; it ends after so many days.

    Raises:
        ValueError: an unknown scope.
    """
    unknown = set(scopes) - set(SCOPES) - set(MACHINE_SCOPES)
    if unknown:
        raise ValueError(f"unknown scope: {', '.join(sorted(unknown))}; known: {', '.join(SCOPES)}")
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(
        user=user,
        name=name,
        digest=digest_of(token),
        hint=token[-4:],
        scopes=sorted(set(scopes) or {"read", "write"}),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    return token
