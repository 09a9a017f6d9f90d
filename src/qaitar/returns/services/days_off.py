"""Days on which a merchant's calendar differs from the state's table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qaitar.foundation.identity.actors import require_role
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.settings_journal import setting_note
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import MANAGERS
from qaitar.returns.models import DayOff

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor

JOURNAL_KIND: Final = "day_off"


class DayMissing(Exception):
    """These walls hold no such day."""


def days_of(merchant_id: UUID, year: int) -> list[DayOff]:
    """List a merchant's own days of a year in order."""
    return list(DayOff.objects.filter(merchant_id=merchant_id, day__year=year).order_by("day"))


def day_set(
    *, merchant_id: UUID, day: date, off: bool, source: str, by: Actor, now: datetime
) -> DayOff:
    """Say that a day is off, or is worked, whatever the state's table says; saying it again writes nothing.

    Raises:
        RoleNotAllowed: the role may not; nothing was written.
    """
    require_role(by, MANAGERS)
    row = DayOff.objects.select_for_update().filter(merchant_id=merchant_id, day=day).first()
    if row is not None and (row.off, row.source) == (off, source):
        return row
    before = {"off": row.off, "source": row.source} if row else {}
    row = row or DayOff(id=new_id(), merchant_id=merchant_id, day=day)
    row.off, row.source = off, source
    row.save()
    after = {"day": day.isoformat(), "off": off, "source": source}
    line = JournalLine(act="DAY_SET", at=now, by=by, before=before, after=after)
    setting_note(merchant_id=merchant_id, subject_id=row.pk, kind=JOURNAL_KIND, line=line)
    return row


def day_remove(*, day_id: UUID, by: Actor, now: datetime) -> DayOff:
    """Let the state's table hold again for a day.

    Raises:
        RoleNotAllowed: the role may not; nothing was written.
        DayMissing: these walls hold no such day.
    """
    require_role(by, MANAGERS)
    row = DayOff.objects.select_for_update().filter(pk=day_id).first()
    if row is None:
        raise DayMissing(str(day_id))
    before = {"day": row.day.isoformat(), "off": row.off, "source": row.source}
    DayOff.objects.filter(pk=day_id).delete()
    line = JournalLine(act="DAY_REMOVE", at=now, by=by, before=before)
    setting_note(merchant_id=row.merchant_id, subject_id=day_id, kind=JOURNAL_KIND, line=line)
    return row
