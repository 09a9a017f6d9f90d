"""What lets people and their programs in: sessions, API tokens and companions, to be listed and ended by owners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import transaction

from qaitar.foundation.identity.access import PAIRING
from qaitar.foundation.identity.security_journal import (
    Origin,
    SecurityKind,
    SecurityNote,
    account_note,
)
from qaitar.foundation.identity.sessions import SignInSession
from qaitar.foundation.models import ApiToken, CabinetWatch, Companion, User
from qaitar.foundation.tenancy.walls import see

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

LISTED_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class WaysIn:
    """What is open now for some people, the newest first."""

    sessions: tuple[SignInSession, ...]
    tokens: tuple[ApiToken, ...]
    companions: tuple[Companion, ...]


def ways_in(user_ids: Sequence[int], now: datetime) -> WaysIn:
    """List sessions, tokens and companions of these people that are alive, at most 500 of each."""
    sessions = SignInSession.objects.filter(user_id__in=user_ids, expire_date__gt=now)
    tokens = ApiToken.objects.filter(user_id__in=user_ids, revoked_at=None, expires_at__gt=now)
    paired = Companion.objects.filter(
        user_id__in=user_ids, token__revoked_at=None, token__expires_at__gt=now
    )
    programs = tokens.exclude(scopes=[PAIRING]).filter(companion=None).select_related("user")
    return WaysIn(
        tuple(sessions.order_by("-last_seen_at")[:LISTED_MAX]),
        tuple(programs.order_by("-created_at", "-id")[:LISTED_MAX]),
        tuple(paired.select_related("user", "token").order_by("-paired_at", "-id")[:LISTED_MAX]),
    )


def token_end(row: ApiToken, now: datetime) -> bool:
    """End a token; tells whether it was alive."""
    return bool(ApiToken.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=now))


def tokens_expire(now: datetime) -> int:
    """End tokens and companions whose time is over, and write that into the security journal; returns how many."""
    over = ApiToken.objects.filter(revoked_at=None, expires_at__lte=now)
    ended = 0
    for row in over.select_related("user").order_by("pk"):
        with transaction.atomic():
            if token_end(row, now) and row.scopes != [PAIRING]:
                _note_expired(row, now)
                ended += 1
    return ended


def _note_expired(row: ApiToken, now: datetime) -> None:
    user: User = row.user
    companion = Companion.objects.filter(token=row).first()
    if companion is not None:
        see(user.memberships.values_list("merchant_id", flat=True))
        CabinetWatch.objects.filter(companion_id=companion.pk).delete()
    note = SecurityNote(
        SecurityKind.TOKEN_EXPIRED,
        now,
        Origin(channel="job"),
        about=(user.pk, str(user)),
        details={"token": row.name, "hint": row.hint},
    )
    account_note(user, note)
