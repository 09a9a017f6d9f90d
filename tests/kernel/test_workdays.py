"""Days and hours as a shop in Almaty counts them: weekends, Nauryz, year-end, leap day, the clock change of 2024."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaitar.kernel.public_holidays import state_calendar
from qaitar.kernel.workdays import (
    Calendar,
    Hours,
    NoWorkingDay,
    WeekSchedule,
    add_calendar_days,
    add_working_days,
    add_working_hours,
    end_of_day,
    five_day_week,
)
from qaitar.kernel.zones import ALMATY, MOSCOW, NaiveMoment, as_utc, local_date, zone

ALMATY_ZONE, MOSCOW_ZONE = zone(ALMATY), zone(MOSCOW)
SHOP = state_calendar(five_day_week(), "KZ", range(2023, 2028), ALMATY_ZONE)
ROUND_THE_CLOCK = Calendar(WeekSchedule((Hours(time(0), time(0)),) * 7))
SECONDS_OF_FIVE_YEARS = 5 * 365 * 24 * 3600
moments = st.integers(0, SECONDS_OF_FIVE_YEARS).map(
    lambda s: datetime(2023, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)


def local(year: int, month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ALMATY_ZONE)


@pytest.mark.parametrize(
    ("start", "n", "last"),
    [
        (local(2026, 5, 14), 1, date(2026, 5, 15)),
        (local(2026, 5, 15), 1, date(2026, 5, 18)),  # Friday to Monday
        (local(2026, 5, 16), 3, date(2026, 5, 20)),  # Saturday: Monday is the first
        (local(2026, 5, 14, 23, 59), 1, date(2026, 5, 15)),
        (local(2026, 5, 15, 0, 0), 1, date(2026, 5, 18)),
        (
            local(2026, 3, 20),
            3,
            date(2026, 3, 30),
        ),  # Nauryz: 21-25 March off, then a weekend after two days
        (local(2026, 3, 6), 1, date(2026, 3, 10)),  # 8 March is a Sunday, shifted to Monday
        (local(2025, 12, 31), 3, date(2026, 1, 8)),  # 1, 2 and 7 January off
        (local(2024, 2, 28), 1, date(2024, 2, 29)),  # leap day works
        (local(2024, 2, 29), 1, date(2024, 3, 1)),  # over the change of the clock
        (local(2026, 5, 14), 0, date(2026, 5, 14)),
        (local(2026, 5, 16), 0, date(2026, 5, 18)),
    ],
)
def test_working_days_end_with_the_day(start: datetime, n: int, last: date) -> None:
    due = add_working_days(start, n, SHOP)
    assert due.tzinfo is UTC
    assert due.astimezone(ALMATY_ZONE).replace(tzinfo=None) == datetime.combine(
        last, time(23, 59, 59)
    )


def test_a_shops_own_exceptions_stand_above_its_week() -> None:
    saturday, monday = date(2026, 5, 16), date(2026, 5, 18)
    calendar = Calendar(day_off=frozenset({monday, saturday}), working=frozenset({saturday}))
    assert calendar.hours_on(saturday) == Hours(time(9), time(18))
    assert not calendar.is_working(monday)
    assert add_working_days(local(2026, 5, 15), 2, calendar) == end_of_day(
        date(2026, 5, 19), ALMATY_ZONE
    )


def test_an_exceptional_day_keeps_its_own_hours_when_the_weekday_has_them() -> None:
    thursday = date(2026, 5, 14)
    days = (None, None, None, Hours(time(10), time(15)), Hours(time(8), time(9)), None, None)
    calendar = Calendar(
        WeekSchedule(days), day_off=frozenset({thursday}), working=frozenset({thursday})
    )
    assert calendar.hours_on(thursday) == Hours(time(10), time(15))


@pytest.mark.parametrize("n", [1, 3])
def test_a_calendar_that_never_works_is_reported_not_searched_for_ever(n: int) -> None:
    start = local(2026, 5, 14)
    never = Calendar(day_off=frozenset(date(2026, 5, 1) + timedelta(days=i) for i in range(5000)))
    with pytest.raises(NoWorkingDay, match=rf"^no {n} working days within 3660 days$"):
        add_working_days(start, n, never)
    with pytest.raises(
        NoWorkingDay, match=rf"^the shop is not open for {n}:00:00 within 3660 days$"
    ):
        add_working_hours(start, timedelta(hours=n), never)


def test_a_week_without_a_working_day_is_refused() -> None:
    with pytest.raises(NoWorkingDay, match=r"^no day of the week works$"):
        WeekSchedule((None,) * 7)
    with pytest.raises(ValueError, match="seven"):
        WeekSchedule((Hours(time(9), time(18)),) * 5)


@pytest.mark.parametrize(
    ("opens", "closes"),
    [
        (time(18), time(9)),
        (time(9), time(9)),
        (time(9, tzinfo=UTC), time(18)),
        (time(9), time(18, tzinfo=UTC)),
    ],
)
def test_hours_that_make_no_day_are_refused(opens: time, closes: time) -> None:
    with pytest.raises(ValueError, match=r"closes after|without a zone"):
        Hours(opens, closes)


@pytest.mark.parametrize(
    ("day", "where", "end"),
    [
        (date(2026, 5, 14), ALMATY_ZONE, "2026-05-14T18:59:59+00:00"),
        (date(2026, 5, 14), MOSCOW_ZONE, "2026-05-14T20:59:59+00:00"),
        (date(2024, 2, 28), ALMATY_ZONE, "2024-02-28T17:59:59+00:00"),  # still UTC+6
        (
            date(2024, 2, 29),
            ALMATY_ZONE,
            "2024-02-29T18:59:59+00:00",
        ),  # 23:00-24:00 came twice: the second counts
        (date(2024, 3, 1), ALMATY_ZONE, "2024-03-01T18:59:59+00:00"),
        (date(2025, 12, 31), ALMATY_ZONE, "2025-12-31T18:59:59+00:00"),
    ],
)
def test_the_last_day_counts_in_full(day: date, where: ZoneInfo, end: str) -> None:
    assert end_of_day(day, where).isoformat() == end


@pytest.mark.parametrize(
    ("start", "days", "last"),
    [
        (local(2026, 5, 14), 3, date(2026, 5, 17)),  # a Sunday counts
        (local(2026, 5, 14, 23, 59), 0, date(2026, 5, 14)),
        (datetime(2026, 5, 14, 19, tzinfo=UTC), 3, date(2026, 5, 18)),  # already the 15th in Almaty
        (local(2024, 2, 27), 3, date(2024, 3, 1)),
        (local(2025, 12, 30), 14, date(2026, 1, 13)),
    ],
)
def test_calendar_days_count_local_days(start: datetime, days: int, last: date) -> None:
    assert add_calendar_days(start, days, ALMATY_ZONE) == end_of_day(last, ALMATY_ZONE)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        (local(2026, 5, 14, 10), 4, local(2026, 5, 14, 14)),
        (local(2026, 5, 14, 14), 4, local(2026, 5, 14, 18)),
        (local(2026, 5, 14, 17), 4, local(2026, 5, 15, 12)),
        (local(2026, 5, 15, 17), 4, local(2026, 5, 18, 12)),
        (local(2026, 5, 14, 3), 4, local(2026, 5, 14, 13)),
        (local(2026, 5, 14, 22), 4, local(2026, 5, 15, 13)),
        (local(2026, 3, 20, 17), 4, local(2026, 3, 26, 12)),  # over Nauryz
        (local(2026, 5, 14, 22), 0, local(2026, 5, 14, 22)),
        (local(2026, 5, 14, 22), -1, local(2026, 5, 14, 22)),
    ],
)
def test_working_hours_run_while_the_shop_is_open(
    start: datetime, hours: int, due: datetime
) -> None:
    got = add_working_hours(start, timedelta(hours=hours), SHOP)
    assert got == due
    assert got.tzinfo is UTC


def test_the_night_of_the_clock_change_is_one_hour_longer() -> None:
    start, end = local(2024, 2, 29, 0), local(2024, 3, 1, 0)
    assert working_hours_between(start, end, ROUND_THE_CLOCK) == timedelta(hours=25)
    assert add_working_hours(start, timedelta(hours=25), ROUND_THE_CLOCK) == end


def working_hours_between(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """Count how long the shop is open between two moments, day by day."""
    opened = timedelta(0)
    day, last_day = local_date(start, calendar.zone), local_date(end, calendar.zone)
    while day <= last_day:
        hours = calendar.hours_on(day)
        if hours is not None:
            night = hours.closes == time()
            opens = datetime.combine(day, hours.opens, tzinfo=calendar.zone)
            closes = datetime.combine(
                day + timedelta(days=night), hours.closes, tzinfo=calendar.zone
            )
            last = min(closes.replace(fold=1).astimezone(UTC), end)
            opened += max(last - max(opens.astimezone(UTC), start), timedelta(0))
        day += timedelta(days=1)
    return opened


@given(moments, st.integers(0, 60), st.integers(0, 600))
def test_hours_added_are_hours_passed(start: datetime, hours: int, minutes: int) -> None:
    length = timedelta(hours=hours, minutes=minutes)
    due = add_working_hours(start, length, SHOP)
    assert due >= start
    assert working_hours_between(start, due, SHOP) == length


@given(moments, moments)
def test_opening_time_never_exceeds_the_time_between(start: datetime, end: datetime) -> None:
    opened = working_hours_between(start, end, SHOP)
    assert timedelta(0) <= opened <= max(end - start, timedelta(0))
    if end >= start:
        assert working_hours_between(start, end, ROUND_THE_CLOCK) == end - start


@given(moments, st.integers(0, 30))
def test_working_days_are_monotone_and_exactly_counted(start: datetime, n: int) -> None:
    due = add_working_days(start, n, SHOP)
    assert due > start
    assert due <= add_working_days(start + timedelta(hours=7), n, SHOP)
    assert due <= add_working_days(start, n + 1, SHOP)
    first, last = local_date(start, ALMATY_ZONE), local_date(due, ALMATY_ZONE)
    between = [first + timedelta(days=i) for i in range(1, (last - first).days + 1)]
    if n:
        assert sum(SHOP.is_working(day) for day in between) == n
    assert SHOP.is_working(last)


@given(moments, st.integers(0, 400))
def test_calendar_days_never_end_after_as_many_working_days(start: datetime, n: int) -> None:
    assert add_calendar_days(start, n, ALMATY_ZONE) <= add_working_days(start, n, SHOP)


NAIVE = datetime(2026, 5, 14)  # noqa: DTZ001 - a moment without a zone is what these tests refuse


def test_a_moment_without_a_zone_is_refused_everywhere() -> None:
    hour = timedelta(hours=1)
    with pytest.raises(NaiveMoment):
        as_utc(NAIVE)
    with pytest.raises(NaiveMoment):
        add_working_days(NAIVE, 1, SHOP)
    with pytest.raises(NaiveMoment):
        add_working_hours(NAIVE, hour, SHOP)
    with pytest.raises(NaiveMoment):
        add_calendar_days(NAIVE, 1, ALMATY_ZONE)


def test_a_negative_term_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        add_working_days(local(2026, 5, 14), -1, SHOP)
    with pytest.raises(ValueError, match="negative"):
        add_calendar_days(local(2026, 5, 14), -1, ALMATY_ZONE)


def test_almaty_is_at_plus_five_since_march_2024_whatever_the_host_says() -> None:
    change = datetime(2024, 2, 29, 18, tzinfo=UTC)
    before, after = (
        (change - timedelta(seconds=1)).astimezone(ALMATY_ZONE),
        change.astimezone(ALMATY_ZONE),
    )
    assert before.utcoffset() == timedelta(hours=6)
    assert after.utcoffset() == timedelta(hours=5)
    assert before.isoformat() == "2024-02-29T23:59:59+06:00"
    assert after.isoformat() == "2024-02-29T23:00:00+05:00"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Asia/Nowhere",
        "Asia",
        "../secrets",
        "/etc/passwd",
        "Asia//Almaty",
        "Asia/Almaty/x",
        "__init__.py",
    ],
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        zone(name)


def test_zones_are_read_once_and_know_their_name() -> None:
    assert zone(ALMATY) is ALMATY_ZONE
    assert ALMATY_ZONE.key == "Asia/Almaty"
    assert zone("Etc/GMT-5").key == "Etc/GMT-5"


def test_west_of_greenwich_the_day_of_a_moment_is_the_shops_own() -> None:
    shop = Calendar(ROUND_THE_CLOCK.schedule, zone=ZoneInfo("America/New_York"))
    evening = datetime(2026, 5, 15, 2, tzinfo=UTC)  # still the 14th there
    assert working_hours_between(evening, evening + timedelta(hours=1), shop) == timedelta(hours=1)
