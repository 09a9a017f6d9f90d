"""Builds a store's calendar, clock and guard settings from what people entered.  Pure; equal texts are built once."""

from __future__ import annotations

import json
from datetime import date, time, timedelta
from functools import lru_cache
from typing import Any, Final, Literal, cast

from qaitar.kernel.public_holidays import state_calendar
from qaitar.kernel.workdays import Calendar, Hours, WeekSchedule, five_day_week
from qaitar.kernel.zones import zone
from qaitar.returns.deadlines.control_dates import ClockSettings
from qaitar.returns.deadlines.deadline_guard import GuardSettings
from qaitar.returns.vocabulary import DefaultAction

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
YEARS: Final = range(
    2024, 2036
)  # control dates live days, not decades; the table of holidays is asked for these
CLOCK_KEYS: Final = (
    "reaction_working_days",
    "decision_working_days",
    "point_calendar_days",
    "refile_calendar_days",
    "dispute_working_days",
    "act_retention_days",
    "proof_hours",
    "arrival_grace_days",
)


def _hours(pair: list[str] | None) -> Hours | None:
    if pair is None:
        return None
    return Hours(time.fromisoformat(pair[0]), time.fromisoformat(pair[1]))


def week_of(days: dict[str, list[str] | None]) -> WeekSchedule:
    """Read a store's week as it is stored: hours by weekday, None for a day off; an empty one is Monday to Friday.

    >>> week_of({}).days[6] is None
    True
    """
    if not days:
        return five_day_week()
    return WeekSchedule(tuple(_hours(days.get(name)) for name in WEEKDAYS))


@lru_cache(maxsize=512)
def store_calendar(store_text: str, days_text: str) -> Calendar:
    """Build when a store works: its own exceptions, then the merchant's moved days, then the state's, then its week."""
    store: dict[str, Any] = json.loads(store_text)
    week = week_of(store.get("week") or {})
    country = cast("Literal['KZ', 'RU']", store.get("country") or "KZ")
    base = state_calendar(week, country, YEARS, zone(store.get("zone") or "Asia/Almaty"))
    own = {date.fromisoformat(day): off for day, off in json.loads(days_text)}
    working = frozenset(day for day, is_off in own.items() if not is_off)
    off = frozenset(day for day, is_off in own.items() if is_off)
    named = {
        date.fromisoformat(day): _hours(hours)
        for day, hours in (store.get("exceptions") or {}).items()
    }
    return Calendar(
        week,
        day_off=(base.day_off | off) - working,
        working=(base.working | working) - off,
        zone=base.zone,
        named=named,
    )


@lru_cache(maxsize=512)
def clock_settings(store_text: str) -> ClockSettings:
    """Read the store's own lengths of terms over the defaults."""
    clocks = json.loads(store_text).get("clocks") or {}
    return ClockSettings(**{key: int(clocks[key]) for key in CLOCK_KEYS if key in clocks})


@lru_cache(maxsize=512)
def answer_time(store_text: str) -> timedelta:
    """Tell how long before a date of this store "no answer" may be said: a day, or a practice shop's minutes.

    >>> answer_time("{}"), answer_time('{"clocks": {"no_answer_minutes": 10}}')
    (datetime.timedelta(days=1), datetime.timedelta(seconds=600))
    """
    clocks = json.loads(store_text).get("clocks") or {}
    return timedelta(minutes=int(clocks.get("no_answer_minutes", 24 * 60)))


@lru_cache(maxsize=512)
def guard_settings(store_text: str) -> GuardSettings:
    """Read what happens by itself when a date of this store is about to pass; the safe default calls the duty person."""
    store = json.loads(store_text)
    clocks = store.get("clocks") or {}
    return GuardSettings(
        lead=timedelta(minutes=int(clocks.get("lead_minutes", 30))),
        default_action=DefaultAction(store.get("default_action") or DefaultAction.CALL_DUTY),
        acts_on_guessed_dates=bool(clocks.get("acts_on_guessed_dates")),
    )
