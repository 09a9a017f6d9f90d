"""Counts days and hours the way a shop works: its week, its days off, its time zone.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from qaitar.kernel.zones import ALMATY, as_utc, local_date, zone

DAYS_SEARCHED_MAX: Final = 3660  # ten years: a longer run of days off is a broken calendar
DAYS_IN_WEEK: Final = 7
_MIDNIGHT: Final = time(0)
_LAST_SECOND: Final = time(23, 59, 59)
_DAY: Final = timedelta(days=1)


class NoWorkingDay(ValueError):
    """The calendar has no working day within reach, so a term in working days never ends."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening and closing time of one day, local; closing at 00:00 means the midnight that ends the day."""

    opens: time
    closes: time

    def __post_init__(self) -> None:
        if self.opens.tzinfo is not None or self.closes.tzinfo is not None:
            raise ValueError("opening hours are local times without a zone")
        if self.closes != _MIDNIGHT and self.closes <= self.opens:
            raise ValueError("a shop closes after it opens; 00:00 stands for the end of the day")


@dataclass(frozen=True, slots=True)
class WeekSchedule:
    """The hours of each weekday, Monday first; None is a day off.  At least one day works."""

    days: tuple[Hours | None, ...]

    def __post_init__(self) -> None:
        if len(self.days) != DAYS_IN_WEEK:
            raise ValueError("a week has seven days")
        if not any(self.days):
            raise NoWorkingDay("no day of the week works")

    @property
    def usual_hours(self) -> Hours:
        """Return the hours of the first working day of the week, used on exceptional working days.

        >>> five_day_week().usual_hours.opens
        datetime.time(9, 0)
        """
        return next(hours for hours in self.days if hours is not None)

    @property
    def rest(self) -> frozenset[int]:
        """Return the weekdays that are off, Monday 0.

        >>> sorted(five_day_week().rest)
        [5, 6]
        """
        return frozenset(n for n, hours in enumerate(self.days) if hours is None)


def five_day_week(opens: time = time(9), closes: time = time(18)) -> WeekSchedule:
    """Return Monday to Friday with the same hours, the default of a new store.

    >>> five_day_week().days[5] is None
    True
    """
    hours = Hours(opens, closes)
    return WeekSchedule((hours,) * 5 + (None, None))


@dataclass(frozen=True, slots=True)
class Calendar:
    """When one shop works.

    The days the shop's own schedule names come first (`named`: their hours, None for a day off), then a date in `working`
    works whatever else is said, then a date in `day_off` does not, then the week decides.
    """

    schedule: WeekSchedule = field(default_factory=five_day_week)
    day_off: frozenset[date] = frozenset()
    working: frozenset[date] = frozenset()
    zone: ZoneInfo = field(default_factory=lambda: zone(ALMATY))
    named: Mapping[date, Hours | None] = field(default_factory=dict, hash=False)

    def hours_on(self, day: date) -> Hours | None:
        """Return the opening hours of a day, or None when the shop does not work.

        >>> Calendar().hours_on(date(2026, 5, 16)) is None
        True
        """
        if day in self.named:
            return self.named[day]
        usual = self.schedule.days[day.weekday()]
        if day in self.working:
            return usual or self.schedule.usual_hours
        return None if day in self.day_off else usual

    def is_working(self, day: date) -> bool:
        """Tell whether the shop works on that day.

        >>> Calendar().is_working(date(2026, 5, 14))
        True
        """
        return self.hours_on(day) is not None


def end_of_day(day: date, where: ZoneInfo) -> datetime:
    """Return the last second of a local day, in UTC; of an hour that comes twice, the second time counts.

    >>> end_of_day(date(2026, 5, 14), zone("Asia/Almaty")).isoformat()
    '2026-05-14T18:59:59+00:00'
    """
    return datetime.combine(day, _LAST_SECOND, tzinfo=where).replace(fold=1).astimezone(UTC)


def add_calendar_days(start: datetime, days: int, where: ZoneInfo) -> datetime:
    """Return the end of the day that is `days` after the local day of `start`, in UTC; the last day counts in full.

    Raises:
        NaiveMoment: `start` has no time zone.
        ValueError: `days` is negative.

    >>> add_calendar_days(datetime(2026, 5, 14, 20, tzinfo=UTC), 3, zone("Asia/Almaty")).isoformat()
    '2026-05-18T18:59:59+00:00'
    """
    if days < 0:
        raise ValueError("a term is not negative")
    return end_of_day(local_date(start, where) + timedelta(days=days), where)


def add_working_days(start: datetime, n: int, calendar: Calendar) -> datetime:
    """Return the end of the n-th working day after the local day of `start`, in UTC.

    The day of `start` itself is not counted, whatever its hour.  With n = 0 the term ends with that day, or with the
    next working one when it is a day off.

    Raises:
        NaiveMoment: `start` has no time zone.
        NoWorkingDay: the calendar does not have n working days within ten years.
        ValueError: `n` is negative.

    >>> add_working_days(datetime(2026, 5, 14, 6, tzinfo=UTC), 3, Calendar()).isoformat()
    '2026-05-19T18:59:59+00:00'
    """
    if n < 0:
        raise ValueError("a term is not negative")
    first = local_date(start, calendar.zone) + (_DAY if n else timedelta(0))
    left = max(n, 1)
    for day in _days_from(first):
        left -= calendar.is_working(day)
        if not left:
            return end_of_day(day, calendar.zone)
    raise NoWorkingDay(f"no {n} working days within {DAYS_SEARCHED_MAX} days")


def add_working_hours(start: datetime, length: timedelta, calendar: Calendar) -> datetime:
    """Return the moment when that much opening time has passed since `start`, in UTC.

    A length of zero or less gives `start` itself.

    Raises:
        NaiveMoment: `start` has no time zone.
        NoWorkingDay: the shop is not open that long within ten years.

    >>> add_working_hours(datetime(2026, 5, 15, 12, tzinfo=UTC), timedelta(hours=4), Calendar()).isoformat()
    '2026-05-18T07:00:00+00:00'
    """
    moment = as_utc(start)
    left = length
    if left <= timedelta(0):
        return moment
    for day in _days_from(local_date(start, calendar.zone)):
        opens, closes = _open_interval(day, calendar)
        begin = max(opens, moment)
        if begin + left <= closes:
            return begin + left
        left -= max(closes - begin, timedelta(0))
    raise NoWorkingDay(f"the shop is not open for {length} within {DAYS_SEARCHED_MAX} days")


def _days_from(first: date) -> Iterator[date]:
    return (first + timedelta(days=offset) for offset in range(DAYS_SEARCHED_MAX))


def _open_interval(day: date, calendar: Calendar) -> tuple[datetime, datetime]:
    """Return opening and closing moments in UTC; a day off opens and closes at once, at its start."""
    hours = calendar.hours_on(day)
    opens = datetime.combine(day, hours.opens if hours else _MIDNIGHT, tzinfo=calendar.zone)
    if hours is None:
        return opens.astimezone(UTC), opens.astimezone(UTC)
    closing_day = day + _DAY if hours.closes == _MIDNIGHT else day
    closes = datetime.combine(closing_day, hours.closes, tzinfo=calendar.zone).replace(fold=1)
    return opens.astimezone(UTC), closes.astimezone(UTC)
