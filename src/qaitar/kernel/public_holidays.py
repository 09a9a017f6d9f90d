"""Days off set by the state, as codes the console translates; the first guess of a shop's calendar.  Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType
from typing import Final, Literal
from zoneinfo import ZoneInfo

import holidays

from qaitar.kernel.workdays import DAYS_SEARCHED_MAX, Calendar, WeekSchedule

Country = Literal["KZ", "RU"]

SHIFTED: Final = ":SHIFTED"  # the day off that stands in for a holiday on a weekly day off
ESTIMATED: Final = ":ESTIMATED"  # a moon date, to be confirmed
OTHER: Final = "OTHER"
FIVE_DAY_REST: Final = frozenset({5, 6})
SIX_DAY_REST: Final = frozenset({6})
NEVER_SHIFTED: Final[Mapping[Country, frozenset[str]]] = {
    "KZ": frozenset({"CHRISTMAS", "KURBAN_AIT"}),  # days off that are not holidays
    "RU": frozenset({"NEW_YEAR", "CHRISTMAS"}),  # moved by the yearly decree only
}
_INSTEAD_OF: Final = re.compile(r"\(substituted from (\d\d)/(\d\d)/(\d{4})\)")

_CODES: Final = {
    "New Year's Day": "NEW_YEAR",
    "New Year Holidays": "NEW_YEAR",
    "Orthodox Christmas": "CHRISTMAS",
    "Christmas Day": "CHRISTMAS",
    "Defender of the Fatherland Day": "DEFENDER",
    "International Women's Day": "WOMEN",
    "Nowruz Holiday": "NAURYZ",
    "Kazakhstan's People Solidarity Holiday": "UNITY",
    "Holiday of Spring and Labor": "LABOUR",
    "Victory Day": "VICTORY",
    "Eid al-Adha": "KURBAN_AIT",
    "Capital Day": "CAPITAL",
    "Russia Day": "RUSSIA",
    "Constitution Day": "CONSTITUTION",
    "Republic Day": "REPUBLIC",
    "First President Day": "FIRST_PRESIDENT",
    "Unity Day": "NATIONAL_UNITY",
    "Independence Day": "INDEPENDENCE",
}


@cache
def public_holidays(
    country: Country, year: int, rest: frozenset[int] = FIVE_DAY_REST
) -> Mapping[date, str]:
    """Return the state's days off of a year with the code of each, in order of date.

    `rest` holds the weekdays (Monday 0) a working week has off; moved days belong to it.  A holiday on such a day moves to
    the next day that is worked, so one that falls on Saturday is not moved for a six-day week.  A shifted day carries
    `:SHIFTED`, a date that depends on the moon `:ESTIMATED`, a day moved by decree `DAY_MOVED`, a day the program has no
    word for `OTHER`.  Kazakhstan: 30 August is a working day from 2026, 15 March a day off from 2027; 7 January and Kurban
    Ait are never shifted.  Years to come may be changed by decree, so a store's own exceptions stand above these.

    Sources: Labour Ministry's production calendar for 2026 (five-day and six-day week); Labour Code of Russia, art. 112.

    >>> public_holidays("KZ", 2026)[date(2026, 3, 9)]
    'WOMEN:SHIFTED'
    >>> date(2026, 5, 11) in public_holidays("KZ", 2026, frozenset({6}))
    False
    """
    if rest == FIVE_DAY_REST:
        found = holidays.country_holidays(country, years=year, language="en_US")
        return MappingProxyType({day: _code(found.get_list(day)[0]) for day in sorted(found)})
    fixed, moved = _unshifted(country, year)
    days = fixed | {day: "DAY_MOVED" for day, instead in moved.items() if instead.weekday() in rest}
    by_decree = set(moved.values())
    for day, code in sorted(fixed.items()):
        base = code.partition(":")[0]
        if day.weekday() in rest and day not in by_decree and base not in NEVER_SHIFTED[country]:
            days[_next_worked(day, rest, days)] = base + SHIFTED
    return MappingProxyType(dict(sorted(days.items())))


@cache
def _unshifted(country: Country, year: int) -> tuple[dict[date, str], dict[date, date]]:
    """Return holidays on their own dates with their codes, and days off by decree with the day each stands in for."""
    found = holidays.country_holidays(country, years=year, language="en_US", observed=False)
    fixed, moved = {}, {}
    for day in found:
        name = found.get_list(day)[0]
        if instead := _INSTEAD_OF.search(name):
            month, of_month, its_year = map(int, instead.groups())
            moved[day] = date(its_year, month, of_month)
        else:
            fixed[day] = _code(name)
    return fixed, moved


def _next_worked(day: date, rest: frozenset[int], occupied: Collection[date]) -> date:
    """Return the next day that is neither a weekly day off nor in `occupied`; a week has at least one day that is worked."""
    following = (day + timedelta(days=n) for n in range(1, DAYS_SEARCHED_MAX))
    return next(d for d in following if d.weekday() not in rest and d not in occupied)


@cache
def working_weekends(
    country: Country, year: int, rest: frozenset[int] = FIVE_DAY_REST
) -> frozenset[date]:
    """Return weekly days off of a working week that the state made working days to pay for a longer holiday.

    >>> sorted(day.isoformat() for day in working_weekends("RU", 2024))
    ['2024-04-27', '2024-11-02', '2024-12-28']
    >>> working_weekends("RU", 2024, frozenset({6}))
    frozenset()
    """
    moved = holidays.country_holidays(country, years=year).weekend_workdays
    return frozenset(day for day in moved if day.year == year and day.weekday() in rest)


def state_calendar(
    schedule: WeekSchedule, country: Country, years: Iterable[int], where: ZoneInfo
) -> Calendar:
    """Return a shop's calendar from its week and the state's days off of the given years, moved for that very week.

    A weekend the state made working counts as a working day, so that a term never ends later here than elsewhere.

    >>> from qaitar.kernel.workdays import five_day_week
    >>> from qaitar.kernel.zones import zone
    >>> state_calendar(five_day_week(), "KZ", [2026], zone("Asia/Almaty")).is_working(date(2026, 3, 25))
    False
    """
    wanted, rest = sorted(set(years)), schedule.rest
    day_off = frozenset(day for year in wanted for day in public_holidays(country, year, rest))
    working = frozenset(day for year in wanted for day in working_weekends(country, year, rest))
    return Calendar(schedule, day_off, working, where)


def _code(name: str) -> str:
    if name.startswith("Day off (substituted"):
        return "DAY_MOVED"
    plain, _, notes = name.partition(" (")
    return (
        _CODES.get(plain, OTHER)
        + SHIFTED * ("observed" in notes)
        + ESTIMATED * ("estimated" in notes)
    )
