"""Sessions of people, kept in the database with whose they are, from where, and when they were last used.

Django's session engine (`SESSION_ENGINE`).  A session ends 12 hours after signing in, or when nothing was done in it
for as long as the person's merchants allow.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import connection, models
from typing_extensions import override

from qaitar.foundation.ops.clock import utc_now

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.foundation.identity.security_journal import Origin

LIFE: Final = timedelta(hours=12)  # as in the statement below
IDLE_MINUTES: Final = 120  # until the person's own merchants' rule is known
TOUCH_S: Final = 60  # use is written at most so often

_TOUCH: Final = """
UPDATE foundation_signinsession SET last_seen_at = %(now)s, idle_minutes = %(idle)s,
  expire_date = least(created_at + interval '12 hours', %(now)s + make_interval(mins => %(idle)s))
WHERE session_key = (SELECT session_key FROM foundation_signinsession WHERE session_key = %(key)s FOR UPDATE SKIP LOCKED)
"""


class SignInSession(AbstractBaseSession):
    """A browser in which somebody is signed in, or begins to.  Not walled: it comes before the walls."""

    user_id = models.BigIntegerField(null=True, db_index=True)
    created_at = models.DateTimeField()  # signed in
    last_seen_at = models.DateTimeField()
    idle_minutes = models.PositiveSmallIntegerField()
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=200, blank=True)

    class Meta(AbstractBaseSession.Meta):
        app_label = "foundation"
        db_table = "foundation_signinsession"

    @classmethod
    @override
    def get_session_store_class(cls) -> type[SessionStore]:
        """Name the engine."""
        return SessionStore


class SessionStore(DatabaseStore):
    """One session."""

    row: SignInSession | None = None
    origin: Origin | None = None  # of the request that uses it

    @classmethod
    @override
    def get_model_class(cls) -> type[SignInSession]:
        """Name the table."""
        return SignInSession

    @override
    def create_model_instance(self, data: dict[str, Any]) -> SignInSession:
        """Make the row to be saved; when another person is in it than before, it begins anew."""
        made: Any = super().create_model_instance(data)
        user = data.get(SESSION_KEY)
        made.user_id = int(user) if user else None
        known = self.row if self.row is not None and self.row.user_id == made.user_id else None
        now = utc_now()
        made.created_at = known.created_at if known else now
        made.last_seen_at = known.last_seen_at if known else now
        made.idle_minutes = known.idle_minutes if known else IDLE_MINUTES
        if known is not None:
            made.address, made.browser = known.address, known.browser
        elif self.origin is not None:
            made.address, made.browser = self.origin.address, self.origin.browser
        idle = made.last_seen_at + timedelta(minutes=made.idle_minutes)
        made.expire_date = min(made.created_at + LIFE, idle)
        self.row = made
        return self.row

    def _get_session_from_db(self) -> SignInSession | None:
        """Read the row of a session that has not ended; None makes a new one."""
        alive = SignInSession.objects.filter(expire_date__gt=utc_now())
        self.row = alive.filter(session_key=self.session_key).first()
        if self.row is None:
            self._session_key = None
        return self.row

    def touch(self, idle_minutes: int, now: datetime) -> None:
        """Write that the session is in use, at most once a minute; whoever is writing already is not waited for."""
        row = self.row
        if row is None or row.user_id is None:
            return
        if (now - row.last_seen_at).total_seconds() < TOUCH_S and row.idle_minutes == idle_minutes:
            return
        values: dict[str, datetime | int | str] = {
            "now": now,
            "idle": idle_minutes,
            "key": row.session_key,
        }
        with connection.cursor() as cursor:
            cursor.execute(_TOUCH, values)
        row.last_seen_at, row.idle_minutes = now, idle_minutes


def sessions_remove(user_id: int, *, besides: str | None = None) -> int:
    """End every session of a person, or all besides the one with this key; returns how many."""
    rows = SignInSession.objects.filter(user_id=user_id)
    return (rows.exclude(session_key=besides) if besides else rows).delete()[0]


def sessions_forget(now: datetime) -> int:
    """Remove sessions that have ended; returns how many."""
    return SignInSession.objects.filter(expire_date__lt=now).delete()[0]


def idle_apply(user_ids: list[int], minutes: int) -> None:
    """Shorten the sessions of these people at once where a new rule ends them earlier."""
    for row in SignInSession.objects.filter(user_id__in=user_ids, idle_minutes__gt=minutes):
        idle = row.last_seen_at + timedelta(minutes=minutes)
        SignInSession.objects.filter(pk=row.pk).update(
            idle_minutes=minutes, expire_date=min(row.created_at + LIFE, idle)
        )
