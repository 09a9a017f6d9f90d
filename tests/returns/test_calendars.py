"""What people entered for a store becomes its calendar, its terms and the manners of its guard."""

from __future__ import annotations

import json
from datetime import date, time, timedelta
from typing import Any

import pytest

from qaitar.kernel.workdays import Hours, WeekSchedule, five_day_week
from qaitar.kernel.zones import zone
from qaitar.returns.deadlines.calendars import (
    clock_settings,
    guard_settings,
    store_calendar,
    week_of,
)
from qaitar.returns.deadlines.control_dates import ClockSettings
from qaitar.returns.deadlines.deadline_guard import GuardSettings
from qaitar.returns.vocabulary import DefaultAction

HOURS = ["10:00", "19:30"]
LATE = Hours(time(10), time(19, 30))
THURSDAY, SATURDAY = date(2026, 5, 14), date(2026, 5, 16)
NAURYZ = date(2026, 3, 23)


def calendar(days: list[tuple[str, bool]] | None = None, **store: Any):
    return store_calendar(json.dumps(store), json.dumps(days or []))


@pytest.mark.parametrize("at", range(7))
def test_each_day_of_the_week_has_its_own_hours(at: int) -> None:
    name = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[at]
    alone = [None] * 7
    alone[at] = LATE
    assert week_of({name: HOURS}) == WeekSchedule(tuple(alone))
    assert week_of({name: HOURS, "sun": None, "mon": HOURS}).days[0] == LATE


def test_a_store_that_stated_nothing_works_as_shops_in_kazakhstan_do() -> None:
    plain = calendar()
    assert (plain.schedule, plain.zone) == (five_day_week(), zone("Asia/Almaty"))
    assert plain.hours_on(THURSDAY) == Hours(time(9), time(18))
    assert not plain.is_working(NAURYZ)
    assert not plain.is_working(date(2024, 1, 1))
    assert not plain.is_working(date(2035, 1, 1))
    assert plain.is_working(date(2026, 1, 5))
    assert calendar(week={}, country="", zone="", exceptions=None) == plain


def test_a_store_in_russia_keeps_the_days_off_and_the_clock_of_russia() -> None:
    there = calendar(country="RU", zone="Europe/Moscow", week={"mon": HOURS})
    assert there.zone == zone("Europe/Moscow")
    assert not there.is_working(date(2026, 1, 5))
    assert there.hours_on(date(2026, 5, 18)) == LATE
    assert not there.is_working(THURSDAY)


def test_the_stores_exceptions_stand_above_the_merchants_days_and_those_above_the_states() -> None:
    moved = [(str(THURSDAY), True), (str(SATURDAY), False), (str(NAURYZ), False)]
    merchants = calendar(moved)
    assert [merchants.is_working(day) for day in (THURSDAY, SATURDAY, NAURYZ)] == [
        False,
        True,
        True,
    ]
    assert not merchants.is_working(date(2026, 3, 24))
    own = calendar(moved, exceptions={str(THURSDAY): HOURS, str(SATURDAY): None, str(NAURYZ): None})
    assert [own.is_working(day) for day in (THURSDAY, SATURDAY, NAURYZ)] == [True, False, False]


def test_the_hours_of_a_day_the_store_names_are_the_ones_it_names() -> None:
    short = ["10:00", "15:00"]
    own = calendar([(str(THURSDAY), True)], exceptions={str(THURSDAY): short, str(SATURDAY): short})
    assert [own.hours_on(day) for day in (THURSDAY, SATURDAY)] == [Hours(time(10), time(15))] * 2


def test_moved_days_follow_the_stores_own_week() -> None:
    """By the Labour Ministry's calendar for 2026; what the store itself names stands above it."""
    week = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat"), HOURS)
    moved = [date(2026, 3, 9), date(2026, 3, 24), date(2026, 3, 25), date(2026, 5, 11)]
    assert [calendar().is_working(day) for day in moved] == [False, False, False, False]
    six = calendar(week=week)
    assert [six.is_working(day) for day in moved] == [False, False, True, True]
    own = calendar(week=week, exceptions={"2026-03-24": HOURS, "2026-03-25": None})
    assert [own.is_working(day) for day in moved] == [False, True, False, True]


def test_a_working_saturday_of_the_state_may_be_accepted_off() -> None:
    lent = min(day for day in calendar().working if day.year == 2024)
    assert lent == date(2024, 5, 4)
    assert calendar().is_working(lent)
    assert not calendar([(str(lent), True)]).is_working(lent)


def test_each_length_of_a_term_is_the_stores_own() -> None:
    lengths = {
        "reaction_working_days": 11,
        "decision_working_days": 12,
        "point_calendar_days": 13,
        "refile_calendar_days": 14,
        "dispute_working_days": 15,
        "act_retention_days": 16,
        "proof_hours": 17,
        "arrival_grace_days": 18,
    }
    typed = {name: str(length) for name, length in lengths.items()}
    assert clock_settings(json.dumps({"clocks": typed})) == ClockSettings(**lengths)
    assert clock_settings(json.dumps({"clocks": {"proof_hours": 2, "lead_minutes": 5}})) == (
        ClockSettings(proof_hours=2)
    )
    assert clock_settings("{}") == clock_settings('{"clocks": null}') == ClockSettings()


def test_the_guard_of_a_store_calls_the_duty_person_until_the_store_wishes_more() -> None:
    assert guard_settings("{}") == guard_settings('{"clocks": null, "default_action": ""}')
    assert guard_settings("{}") == GuardSettings(
        lead=timedelta(minutes=30),
        default_action=DefaultAction.CALL_DUTY,
        acts_on_guessed_dates=False,
    )
    wished = {
        "default_action": "REFUSE",
        "clocks": {"lead_minutes": "45", "acts_on_guessed_dates": True},
    }
    assert guard_settings(json.dumps(wished)) == GuardSettings(
        lead=timedelta(minutes=45),
        default_action=DefaultAction.REFUSE,
        acts_on_guessed_dates=True,
    )
