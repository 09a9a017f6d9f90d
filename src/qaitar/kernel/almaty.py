"""Turns the bare local times Kaspi writes into UTC, and UTC into the day a person in Kazakhstan sees.

A host's time zone data may be older than 1 March 2024 and still put Almaty at UTC+6, so the rule stands here and a test
compares it with the current database.  Law: order of the Ministry of Trade of Kazakhstan of 2024-01-19, one zone UTC+5.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

ONE_ZONE_FROM = datetime(2024, 3, 1)  # noqa: DTZ001  a local wall clock on purpose
BEFORE = timezone(timedelta(hours=6))
SINCE = timezone(timedelta(hours=5))
_ONE_ZONE_FROM_UTC = datetime(2024, 2, 29, 18, tzinfo=UTC)


def almaty_to_utc(local: datetime) -> datetime:
    """Read a wall clock of Almaty (no zone) as a moment in UTC; right for 2005 and later.

    >>> almaty_to_utc(datetime(2025, 7, 31, 12, 0))
    datetime.datetime(2025, 7, 31, 7, 0, tzinfo=datetime.timezone.utc)
    >>> almaty_to_utc(datetime(2023, 7, 31, 12, 0)).hour
    6
    """
    zone = SINCE if local >= ONE_ZONE_FROM else BEFORE
    return local.replace(tzinfo=zone).astimezone(UTC)


def almaty_day(moment: datetime) -> date:
    """Tell which calendar day it is in Almaty at `moment` (aware).

    >>> almaty_day(datetime(2025, 7, 31, 20, 0, tzinfo=UTC))
    datetime.date(2025, 8, 1)
    """
    zone = SINCE if moment >= _ONE_ZONE_FROM_UTC else BEFORE
    return moment.astimezone(zone).date()
