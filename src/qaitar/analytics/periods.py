"""Periods of reports: whole days of a merchant's own zone, and the period of the same length before.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

PRESETS: Final = ("today", "7", "30", "90", "month")
DEFAULT: Final = "30"
DAYS_MAX: Final = 366
_BY_DAY_MAX: Final = 31  # longer periods are drawn by weeks
_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both in full."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Hold the order of the ends."""
        assert self.first <= self.last, "a period ends after it begins"

    @property
    def days(self) -> int:
        """Count the days."""
        return (self.last - self.first).days + 1

    def before(self) -> Period:
        """Give the period of the same length that ended the day before.

        >>> Period(date(2026, 5, 1), date(2026, 5, 30)).before()
        Period(first=datetime.date(2026, 4, 1), last=datetime.date(2026, 4, 30))
        """
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def steps(self) -> tuple[Period, ...]:
        """Cut the period into what one bar of a chart stands for: days, or weeks counted back from the end.

        >>> [step.days for step in Period(date(2026, 1, 1), date(2026, 2, 9)).steps()]
        [5, 7, 7, 7, 7, 7]
        """
        return tuple(reversed(tuple(self._back(1 if self.days <= _BY_DAY_MAX else _WEEK))))

    def _back(self, length: int) -> Iterator[Period]:
        last = self.last
        while last >= self.first:
            first = max(self.first, last - timedelta(days=length - 1))
            yield Period(first, last)
            last = first - timedelta(days=1)


def last_days(today: date, days: int) -> Period:
    """Give the last `days` days, today among them."""
    return Period(today - timedelta(days=days - 1), today)


def requested_period(
    name: str, today: date, first: date | None = None, last: date | None = None
) -> Period:
    """Turn what was asked into a period that ends today at the latest and is never longer than `DAYS_MAX`.

    Own dates hold as soon as one of them is given; ends given the wrong way round are turned.

    >>> requested_period("7", date(2026, 5, 14)).first
    datetime.date(2026, 5, 8)
    >>> requested_period("month", date(2026, 5, 14)).first
    datetime.date(2026, 5, 1)
    >>> requested_period("", date(2026, 5, 14), date(2026, 5, 9), date(2026, 5, 2)).days
    8
    """
    if first is not None or last is not None:
        return _own(today, first, last)
    if name == "month":
        return Period(today.replace(day=1), today)
    if name == "today":
        return Period(today, today)
    return last_days(today, int(name) if name in PRESETS else int(DEFAULT))


def _own(today: date, first: date | None, last: date | None) -> Period:
    end = min(last or today, today)
    begin = min(first or end, today)
    begin, end = min(begin, end), max(begin, end)
    return Period(max(begin, end - timedelta(days=DAYS_MAX - 1)), end)
