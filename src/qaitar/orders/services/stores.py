"""Stores as their owners set them: working week, exceptions, lengths of terms, what happens when a date runs out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfoNotFoundError

from qaitar.foundation.identity.actors import require_role
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.settings_journal import differences, setting_note
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import MANAGERS
from qaitar.kernel.workdays import Hours
from qaitar.kernel.zones import zone
from qaitar.orders.models import Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TERM_MAX: Final = 366  # days or hours of a term; minutes are bounded by MINUTES_MAX
MINUTES_MAX: Final = 24 * 60
EXCEPTIONS_MAX: Final = 400
CHANNELS: Final = ("KASPI",)
JOURNAL_KIND: Final = "store"

OpeningHours = list[str] | None
"""Opening and closing time as `HH:MM`, or None for a day off."""


class StoreProblem(ValueError):
    """A store cannot be kept as entered: a stable code and the field it is about."""

    def __init__(self, code: str, field_name: str) -> None:
        """Carry both."""
        super().__init__(code)
        self.code = code
        self.field_name = field_name


class StoreMissing(Exception):
    """These walls hold no such store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreEntry:
    """Everything people set about a store.  `clocks` holds only what differs from the usual terms."""

    name: str
    channel: str = "KASPI"
    external_id: str = ""
    zone: str = "Asia/Almaty"
    week: Mapping[str, OpeningHours] = field(default_factory=dict)
    exceptions: Mapping[str, OpeningHours] = field(default_factory=dict)
    clocks: Mapping[str, int | bool] = field(default_factory=dict)
    default_action: str = "CALL_DUTY"
    default_reason: str = "NO_ANSWER"
    duty_user_id: int | None = None
    cabinet_url: str = ""
    support_mailbox: str = ""


def stores_of(merchants: Sequence[UUID]) -> list[Store]:
    """List the stores of these merchants by name."""
    return list(Store.objects.filter(merchant_id__in=merchants).order_by("name", "id"))


def store_create(*, merchant_id: UUID, entry: StoreEntry, by: Actor, now: datetime) -> Store:
    """Open a store, in the caller's transaction, behind the merchant's walls.

    Raises:
        RoleNotAllowed: the role may not; nothing was written.
        StoreProblem: NAME_MISSING, NAME_TAKEN, CHANNEL_UNKNOWN, ZONE_UNKNOWN, WEEK_EMPTY, HOURS_WRONG, DAY_WRONG,
            TOO_MANY, TERM_WRONG or ADDRESS_WRONG; nothing was written.
    """
    require_role(by, MANAGERS)
    ready = _checked(entry)
    _name_free(merchant_id, ready, own_id=None)
    store = Store(id=new_id(), merchant_id=merchant_id, created_at=now, **ready)
    store.save(force_insert=True)
    _note(store, {}, ready, JournalLine(act="STORE_CREATE", at=now, by=by))
    return store


def store_update(*, store_id: UUID, entry: StoreEntry, by: Actor, now: datetime) -> bool:
    """Change a store; tells whether anything differed.  Dates of open requests follow by `control_dates_recount`.

    Raises:
        RoleNotAllowed: the role may not; nothing was written.
        StoreMissing: these walls hold no such store.
        StoreProblem: as in `store_create`; nothing was written.
    """
    require_role(by, MANAGERS)
    store = Store.objects.select_for_update().filter(pk=store_id).first()
    if store is None:
        raise StoreMissing(str(store_id))
    ready = _checked(entry)
    _name_free(store.merchant_id, ready, own_id=store.pk)
    was, becomes = differences({name: getattr(store, name) for name in ready}, ready)
    if not becomes:
        return False
    for name, value in becomes.items():
        setattr(store, name, value)
    store.save(update_fields=list(becomes))
    _note(store, was, becomes, JournalLine(act="STORE_CHANGE", at=now, by=by))
    return True


def store_number_learn(*, store: Store, number: str, by: Actor, now: datetime) -> bool:
    """Give a store the marketplace's number of its shop, unless somebody has entered one; tells whether it was given.

    In the caller's transaction, behind the merchant's walls.
    """
    if not Store.objects.filter(pk=store.pk, external_id="").update(external_id=number):
        return False
    store.external_id = number
    before, after = {"external_id": ""}, {"external_id": number}
    _note(store, before, after, JournalLine(act="STORE_CHANGE", at=now, by=by))
    return True


def _note(
    store: Store, before: Mapping[str, Any], after: Mapping[str, Any], line: JournalLine
) -> None:
    complete = JournalLine(act=line.act, at=line.at, by=line.by, before=before, after=after)
    setting_note(
        merchant_id=store.merchant_id, subject_id=store.pk, kind=JOURNAL_KIND, line=complete
    )


def _name_free(merchant_id: UUID, ready: Mapping[str, Any], own_id: UUID | None) -> None:
    same = Store.objects.filter(
        merchant_id=merchant_id, channel=ready["channel"], name=ready["name"]
    )
    if own_id is not None:
        same = same.exclude(pk=own_id)
    if same.exists():
        raise StoreProblem("NAME_TAKEN", "name")


def _checked(entry: StoreEntry) -> dict[str, Any]:
    """Give the values of the row, or raise what is wrong first."""
    name = entry.name.strip()
    if not name:
        raise StoreProblem("NAME_MISSING", "name")
    if entry.channel not in CHANNELS:
        raise StoreProblem("CHANNEL_UNKNOWN", "channel")
    try:
        zone(entry.zone)
    except ZoneInfoNotFoundError as error:
        raise StoreProblem("ZONE_UNKNOWN", "zone") from error
    ready = asdict(entry)
    ready["name"] = name
    ready["week"] = _week(entry.week)
    ready["exceptions"] = _exceptions(entry.exceptions)
    ready["clocks"] = _clocks(entry.clocks)
    ready["cabinet_url"] = _address(entry.cabinet_url)
    return ready


def hours_checked(hours: OpeningHours, field_name: str) -> OpeningHours:
    """Give opening hours as they are stored, or say what is wrong with them.

    >>> hours_checked(["9:00", "18:00"], "week")
    Traceback (most recent call last):
    ...
    qaitar.orders.services.stores.StoreProblem: HOURS_WRONG
    >>> hours_checked(["09:00", "18:00"], "week")
    ['09:00', '18:00']
    """
    if hours is None:
        return None
    try:
        opens, closes = (time.fromisoformat(each) for each in hours)
        Hours(opens, closes)
    except ValueError as error:
        raise StoreProblem("HOURS_WRONG", field_name) from error
    return [f"{opens:%H:%M}", f"{closes:%H:%M}"]


def _week(week: Mapping[str, OpeningHours]) -> dict[str, OpeningHours]:
    if not week:
        return {}
    ready = {day: hours_checked(week.get(day), "week") for day in WEEKDAYS}
    if not any(ready.values()):
        raise StoreProblem("WEEK_EMPTY", "week")
    return ready


def _exceptions(days: Mapping[str, OpeningHours]) -> dict[str, OpeningHours]:
    if len(days) > EXCEPTIONS_MAX:
        raise StoreProblem("TOO_MANY", "exceptions")
    ready = {}
    for day, hours in sorted(days.items()):
        try:
            date.fromisoformat(day)
        except ValueError as error:
            raise StoreProblem("DAY_WRONG", "exceptions") from error
        ready[day] = hours_checked(hours, "exceptions")
    return ready


def _clocks(clocks: Mapping[str, int | bool]) -> dict[str, int | bool]:
    for name, value in clocks.items():
        most = MINUTES_MAX if name.endswith("_minutes") else TERM_MAX
        if not isinstance(value, bool) and not 0 <= value <= most:
            raise StoreProblem("TERM_WRONG", name)
    return dict(clocks)


def _address(url: str) -> str:
    text = url.strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        fine = parts.scheme == "https" and bool(parts.hostname) and text.isprintable()
    except ValueError:
        fine = False
    if not fine or " " in text:
        raise StoreProblem("ADDRESS_WRONG", "cabinet_url")
    return text
