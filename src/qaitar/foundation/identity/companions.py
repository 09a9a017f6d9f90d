"""Browsers that read their person's open cabinet: a code shown once, a token that may do little, contact, revocation.

The code is itself a token that lives ten minutes and opens one address; whoever shows it first gets the companion's token.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q

from qaitar.foundation.identity.access import COMPANION, PAIRING, digest_of, token_create
from qaitar.foundation.identity.companions_journal import watch_note
from qaitar.foundation.identity.token_forms import CODE_LENGTH, CODE_LETTERS
from qaitar.foundation.models import ApiToken, CabinetWatch, Companion
from qaitar.kernel.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from qaitar.foundation.identity.access import Principal
    from qaitar.foundation.models import User

CODE_LIVES: Final = timedelta(minutes=10)
SILENCE_HOURS: Final = (1, 2, 3, 6, 12, 24, 48)


class CompanionSession(StrEnum):
    """What a companion says of the cabinet."""

    OPEN = "OPEN"  # signed in, readable
    ENDED = "ENDED"  # the cabinet asks to sign in again
    REFUSED = "REFUSED"  # signed in, and this shop is not shown to this login
    NO_ANSWER = (
        "NO_ANSWER"  # it gives no answer a page may read: errors, time-outs, a gateway in front
    )
    CHANGED = "CHANGED"  # answers in a shape never seen: the cabinet may have changed
    AWAY = "AWAY"  # no cabinet tab is open


@dataclass(frozen=True, slots=True)
class ListRead:
    """One list of a store's cabinet read to its end: how many requests the counts name, and how many came."""

    tab: str
    expected: int
    read: int


@dataclass(frozen=True, slots=True)
class ReadingGaps:
    """What a whole reading of a store found not to fit: lists shorter than the counts, numbers in a form never seen."""

    lists: tuple[ListRead, ...] = ()
    numbers: tuple[str, ...] = ()

    @classmethod
    def of(cls, lists: Sequence[ListRead], numbers: Sequence[str]) -> ReadingGaps:
        """Keep of a whole reading what does not fit; more than expected is no gap, a request may have come meanwhile."""
        return cls(tuple(one for one in lists if one.read < one.expected), tuple(numbers))

    def as_json(self) -> dict[str, Any]:
        """Write it as `CabinetWatch.not_whole` keeps it; empty where all fits."""
        document = {"lists": [asdict(one) for one in self.lists], "numbers": list(self.numbers)}
        return document if self.lists or self.numbers else {}


@dataclass(frozen=True, slots=True)
class FailedDetail:
    """A request whose detail the cabinet did not show: `why` is a code (`HTTP_500`, `TIMEOUT`), asked for `tries` times since."""

    number: str
    why: str
    since: datetime
    tries: int

    def as_json(self) -> dict[str, Any]:
        """Write it as `CabinetWatch.failed` keeps it."""
        return {**asdict(self), "since": self.since.isoformat()}


class CodeUsed(Exception):
    """Somebody was faster with this code."""


def code_create(*, user: User, now: datetime) -> str:
    """Make a pairing code for a person; codes they have not used yet end."""
    _pairing_of(user.pk).update(revoked_at=now)
    code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    ApiToken.objects.create(
        id=new_id(),
        user=user,
        name="pairing code",
        digest=digest_of(code),
        hint="",
        scopes=[PAIRING],
        created_at=now,
        expires_at=now + CODE_LIVES,
    )
    return code


def _pairing_of(user_id: int) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(user_id=user_id, revoked_at=None, scopes=[PAIRING])


def companion_pair(*, code: str, browser: str, now: datetime) -> str:
    """Change a code for a companion's token, which is told this once.

    Raises:
        CodeUsed: it was changed already; one whose time is over is not let in at all.
    """
    rows = ApiToken.objects.filter(digest=digest_of(code), scopes=[PAIRING])
    ended = rows.filter(revoked_at=None).update(revoked_at=now)
    if not ended:
        raise CodeUsed
    user = ApiToken.objects.select_related("user").get(digest=digest_of(code)).user
    token = token_create(user=user, name=browser[:60], scopes=(COMPANION, "intake"), now=now)
    Companion.objects.create(
        id=new_id(),
        user=user,
        token=ApiToken.objects.get(digest=digest_of(token)),
        browser=browser[:60],
        paired_at=now,
        last_contact_at=now,
        session_at=now,
    )
    return token


def companion_of(token: str) -> Companion | None:
    """Find the companion that speaks with this token."""
    return Companion.objects.filter(token__digest=digest_of(token)).first()


def companions_alive(user_ids: Sequence[int]) -> list[Companion]:
    """List the companions of these people that were not revoked, the newest first."""
    rows = Companion.objects.filter(user_id__in=user_ids, token__revoked_at=None)
    return list(rows.select_related("user", "token").order_by("-paired_at", "-id"))


def companion_revoke(row: Companion, *, now: datetime) -> None:
    """End a companion's token; the stores it alone watched are watched no longer, so nothing alarms for it."""
    ApiToken.objects.filter(pk=row.token_id, revoked_at=None).update(revoked_at=now)
    CabinetWatch.objects.filter(companion_id=row.pk).delete()


def contact_note(row: Companion, session: CompanionSession, *, now: datetime) -> None:
    """Write down that a companion was in contact, and since when the cabinet is as it says."""
    Companion.objects.filter(pk=row.pk).update(last_contact_at=now)
    Companion.objects.filter(pk=row.pk).exclude(session=session).update(
        session=session, session_at=now
    )


def watch_session(
    row: Companion,
    stores: Mapping[UUID, ReadingGaps | None],
    session: CompanionSession,
    *,
    who: Principal,
    now: datetime,
) -> None:
    """Write down what the cabinet of these stores said to a companion; a closed tab says nothing of the cabinet.

    A store's gaps are None when it was not read whole: what an earlier whole reading found then stays, and a cabinet whose
    lists do not fit its counts is `CHANGED`, never `OPEN`.
    """
    if session is CompanionSession.AWAY:
        return
    mine = CabinetWatch.objects.filter(companion_id=row.pk, store_id__in=stores)
    for watch in mine.order_by("id"):
        gaps = stores[watch.store_id]
        not_whole = watch.not_whole if gaps is None else gaps.as_json()
        is_short = session is CompanionSession.OPEN and bool(not_whole)
        state = CompanionSession.CHANGED if is_short else session
        if state != watch.session or not_whole != watch.not_whole:
            _session_set(watch, state, who, now, not_whole=not_whole)


def watch_unanswered(
    row: Companion, stores: Mapping[UUID, UUID], *, who: Principal, now: datetime
) -> None:
    """Watch stores, given with their merchants, that no companion could read yet: their cabinet gives no answer from the start."""
    watched = CabinetWatch.objects.filter(store_id__in=stores).values_list("store_id", flat=True)
    for store_id in sorted(set(stores) - set(watched)):
        watch, is_new = CabinetWatch.objects.get_or_create(
            store_id=store_id,
            defaults={
                "id": new_id(),
                "merchant_id": stores[store_id],
                "companion_id": row.pk,
                "seen_at": None,
                "session": CompanionSession.NO_ANSWER,
                "session_at": now,
            },
        )
        if is_new:
            changed: tuple[dict[str, str], dict[str, str]] = {}, {"session": "NO_ANSWER"}
            watch_note(watch, "CABINET_SESSION", changed, who=who, now=now)


def watch_failed(
    row: Companion,
    store_id: UUID,
    failed: Sequence[FailedDetail],
    *,
    who: Principal,
    now: datetime,
) -> None:
    """Write down of which requests of a store the details do not come; journalled when they are other requests than before."""
    watch = CabinetWatch.objects.filter(companion_id=row.pk, store_id=store_id).first()
    wanted = [one.as_json() for one in failed]
    if watch is None or watch.failed == wanted:
        return
    rows = CabinetWatch.objects.filter(pk=watch.pk, failed=watch.failed)
    before, after = (
        sorted(each["number"] for each in failures) for failures in (watch.failed, wanted)
    )
    if rows.update(failed=wanted) and before != after:
        changed = {"failed": before}, {"failed": after}
        watch_note(watch, "CABINET_DETAILS", changed, who=who, now=now)


def watch_seen(
    row: Companion, *, store_id: UUID, merchant_id: UUID, who: Principal, now: datetime
) -> None:
    """Write down that a companion saw a store's cabinet; from the first time on the store is watched.

    What came proves that the cabinet is open.  Whether it answers as it used to is told by the contact after the reading.
    """
    seen = CabinetWatch.objects.filter(store_id=store_id)
    shut = seen.filter(
        seen_at__lte=now, session__in=(CompanionSession.ENDED, CompanionSession.REFUSED)
    ).first()
    is_older = Q(seen_at__lte=now) | Q(seen_at=None)
    if seen.filter(is_older).update(companion_id=row.pk, seen_at=now):
        if shut is not None:
            _session_set(
                shut,
                CompanionSession.CHANGED if shut.not_whole else CompanionSession.OPEN,
                who,
                now,
            )
    elif not seen.exists():
        values = {"companion_id": row.pk, "seen_at": now, "session_at": now}
        CabinetWatch.objects.get_or_create(
            store_id=store_id, defaults={"id": new_id(), "merchant_id": merchant_id, **values}
        )


def _session_set(
    watch: CabinetWatch,
    session: CompanionSession,
    who: Principal,
    now: datetime,
    *,
    not_whole: Mapping[str, Any] | None = None,
) -> None:
    """Change what a store's cabinet says, and journal it once: of two who tell the same, the first."""
    gaps = watch.not_whole if not_whole is None else dict(not_whole)
    rows = CabinetWatch.objects.filter(
        pk=watch.pk, session=watch.session, not_whole=watch.not_whole
    )
    since = watch.session_at if session == watch.session else now
    if rows.update(session=session, session_at=since, not_whole=gaps):
        before: dict[str, Any] = {"session": watch.session}
        after: dict[str, Any] = {"session": session.value}
        if gaps != watch.not_whole:
            before["not_whole"], after["not_whole"] = watch.not_whole, gaps
        watch_note(watch, "CABINET_SESSION", (before, after), who=who, now=now)


def watch_hours_set(watch: CabinetWatch, hours: int, *, who: Principal, now: datetime) -> None:
    """Set after how many hours of silence a store's cabinet alarms; with zero it is watched no longer."""
    if hours == watch.silence_hours:
        return
    rows = CabinetWatch.objects.filter(pk=watch.pk)
    if hours:
        rows.update(silence_hours=hours)
    else:
        rows.delete()
    changed = {"silence_hours": watch.silence_hours}, {"silence_hours": hours}
    watch_note(watch, "CABINET_WATCH", changed, who=who, now=now)
