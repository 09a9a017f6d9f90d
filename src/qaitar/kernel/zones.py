"""Time zones from the zone data this program ships, never from the host's, and moments that know theirs.  Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ALMATY: Final = "Asia/Almaty"
MOSCOW: Final = "Europe/Moscow"
_OFFSETS_FROM: Final = datetime(2005, 1, 1, tzinfo=UTC)
_OFFSETS_TO: Final = datetime(2040, 1, 1, tzinfo=UTC)
_QUARTER: Final = timedelta(minutes=15)  # no zone changes within a quarter of an hour


class NaiveMoment(ValueError):
    """A date with time came without its time zone, so it names no moment."""


@cache
def zone(name: str) -> ZoneInfo:
    """Return a time zone read from the `tzdata` package.

    `zoneinfo.ZoneInfo(name)` asks the host first, and a host older than 2024 still puts Almaty at UTC+6.

    Raises:
        ZoneInfoNotFoundError: the package has no such zone.

    >>> datetime(2024, 3, 1, tzinfo=zone("Asia/Almaty")).isoformat()
    '2024-03-01T00:00:00+05:00'
    """
    parts = name.split("/")
    if not all(part.replace("_", "").replace("-", "").replace("+", "").isalnum() for part in parts):
        raise ZoneInfoNotFoundError(f"no time zone {name!r}")
    source = resources.files("tzdata").joinpath("zoneinfo", *parts)
    if not source.is_file():
        raise ZoneInfoNotFoundError(f"no time zone {name!r}")
    with source.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def offset_changes(name: str) -> tuple[tuple[datetime, timedelta], ...]:
    """Return from which moment (UTC) which offset holds in a zone, earliest first, from 2005 to 2040.

    For a database to tell local days by: its own zone data may be older than the law.

    >>> [(at.isoformat(), str(offset)) for at, offset in offset_changes("Asia/Almaty")]
    [('2005-01-01T00:00:00+00:00', '6:00:00'), ('2024-02-29T18:00:00+00:00', '5:00:00')]
    """
    where = zone(name)
    at, end = _OFFSETS_FROM, _OFFSETS_TO
    changes = [(at, offset_at(at, where))]
    while at < end:
        later = at + timedelta(days=1)
        if offset_at(later, where) != changes[-1][1]:
            while offset_at(at + _QUARTER, where) == changes[-1][1]:
                at += _QUARTER
            changes.append((at + _QUARTER, offset_at(at + _QUARTER, where)))
        at = later
    return tuple(changes)


def offset_at(moment: datetime, where: ZoneInfo) -> timedelta:
    """Return how far a zone's clock is ahead of UTC at a moment.

    >>> offset_at(datetime(2026, 5, 14, tzinfo=UTC), zone("Asia/Almaty"))
    datetime.timedelta(seconds=18000)
    """
    offset = as_utc(moment).astimezone(where).utcoffset()
    assert offset is not None, "a zone knows its offset at every moment"
    return offset


def as_utc(moment: datetime) -> datetime:
    """Return the same moment in UTC.

    Raises:
        NaiveMoment: it has no time zone.

    >>> as_utc(datetime(2026, 5, 14, 5, tzinfo=zone("Asia/Almaty"))).isoformat()
    '2026-05-14T00:00:00+00:00'
    """
    if moment.utcoffset() is None:
        raise NaiveMoment(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC)


def local_date(moment: datetime, where: ZoneInfo) -> date:
    """Return the calendar day of a moment at a place.

    >>> local_date(datetime(2026, 1, 1, 20, tzinfo=UTC), zone("Asia/Almaty")).isoformat()
    '2026-01-02'
    """
    return as_utc(moment).astimezone(where).date()
