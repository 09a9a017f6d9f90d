"""Days off set by the state, as codes the console translates; the first guess of a shop's calendar.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Final, Literal
from zoneinfo import ZoneInfo

import holidays

from qaitar.kernel.workdays import Calendar, WeekSchedule

Country = Literal["KZ", "RU"]

SHIFTED: Final = ":SHIFTED"  # the day off that stands in for a holiday on a weekly day off
ESTIMATED: Final = ":ESTIMATED"  # a moon date, to be confirmed
OTHER: Final = "OTHER"

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
def public_holidays(country: Country, year: int) -> Mapping[date, str]:
    """Return the state's days off of a year with the code of each, in order of date.

    A shifted day carries `:SHIFTED`, a date that depends on the moon `:ESTIMATED`, a day moved by decree `DAY_MOVED`, a
    day the program has no word for `OTHER`.  Kazakhstan: 30 August is a working day from 2026, 15 March a day off from
    2027; 7 January and Kurban Ait are never shifted.  Years to come may be changed by decree, so a store's own
    exceptions stand above these.

    >>> public_holidays("KZ", 2026)[date(2026, 3, 9)]
    'WOMEN:SHIFTED'
    >>> date(2026, 8, 30) in public_holidays("KZ", 2026)
    False
    """
    found = holidays.country_holidays(country, years=year, language="en_US")
    named = {day: _code(found.get_list(day)[0]) for day in sorted(found)}
    return MappingProxyType(named)


@cache
def working_weekends(country: Country, year: int) -> frozenset[date]:
    """Return weekly days off that the state made working days to pay for a longer holiday.

    >>> sorted(day.isoformat() for day in working_weekends("RU", 2024))
    ['2024-04-27', '2024-11-02', '2024-12-28']
    """
    moved = holidays.country_holidays(country, years=year).weekend_workdays
    return frozenset(day for day in moved if day.year == year)


def state_calendar(
    schedule: WeekSchedule, country: Country, years: Iterable[int], where: ZoneInfo
) -> Calendar:
    """Return a shop's calendar from its week and the state's days off of the given years.

    A weekend the state made working counts as a working day, so that a term never ends later here than elsewhere.

    >>> from qaitar.kernel.workdays import five_day_week
    >>> from qaitar.kernel.zones import zone
    >>> state_calendar(five_day_week(), "KZ", [2026], zone("Asia/Almaty")).is_working(date(2026, 3, 25))
    False
    """
    wanted = sorted(set(years))
    day_off = frozenset(day for year in wanted for day in public_holidays(country, year))
    working = frozenset(day for year in wanted for day in working_weekends(country, year))
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
