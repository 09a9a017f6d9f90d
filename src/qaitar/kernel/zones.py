"""Time zones from the zone data this program ships, never from the host's, and moments that know theirs.  Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ALMATY: Final = "Asia/Almaty"
MOSCOW: Final = "Europe/Moscow"


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
