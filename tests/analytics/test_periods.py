"""Periods: whole days, never in the future, never without end."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaitar.analytics.periods import DAYS_MAX, Period, requested_period

TODAY = date(2026, 5, 14)
days = st.none() | st.dates(date(2000, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", TODAY, TODAY),
        ("7", date(2026, 5, 8), TODAY),
        ("30", date(2026, 4, 15), TODAY),
        ("90", date(2026, 2, 14), TODAY),
        ("month", date(2026, 5, 1), TODAY),
        ("", date(2026, 4, 15), TODAY),
        ("nonsense", date(2026, 4, 15), TODAY),
    ],
)
def test_names(name: str, first: date, last: date) -> None:
    assert requested_period(name, TODAY) == Period(first, last)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 5, 2), date(2026, 5, 9), Period(date(2026, 5, 2), date(2026, 5, 9))),
        (date(2026, 5, 9), date(2026, 5, 2), Period(date(2026, 5, 2), date(2026, 5, 9))),
        (date(2026, 5, 2), None, Period(date(2026, 5, 2), TODAY)),
        (None, date(2026, 5, 2), Period(date(2026, 5, 2), date(2026, 5, 2))),
        (date(2030, 1, 1), date(2031, 1, 1), Period(TODAY, TODAY)),
        (date(2001, 1, 1), TODAY, Period(TODAY - timedelta(days=DAYS_MAX - 1), TODAY)),
    ],
)
def test_own_dates(first: date | None, last: date | None, expected: Period) -> None:
    assert requested_period("7", TODAY, first, last) == expected


@given(st.sampled_from(["today", "7", "30", "90", "month", "x"]), days, days)
def test_a_period_and_the_one_before_lie_side_by_side(
    name: str, first: date | None, last: date | None
) -> None:
    period = requested_period(name, TODAY, first, last)
    before = period.before()
    assert 1 <= period.days <= DAYS_MAX
    assert period.last <= TODAY
    assert (before.days, before.last) == (period.days, period.first - timedelta(days=1))


@given(days, days)
def test_the_steps_cover_the_period_each_day_once(first: date | None, last: date | None) -> None:
    period = requested_period("", TODAY, first, last)
    steps = period.steps()
    assert (steps[0].first, steps[-1].last) == (period.first, period.last)
    assert all(b.first - a.last == timedelta(days=1) for a, b in pairwise(steps))
    assert len(steps) <= 54
