"""State days off: the exact tables of 2026 and 2027, and what the law moved."""

from __future__ import annotations

from datetime import date

import pytest

from qaitar.kernel.public_holidays import (
    FIVE_DAY_REST,
    SIX_DAY_REST,
    Country,
    _code,
    public_holidays,
    state_calendar,
    working_weekends,
)
from qaitar.kernel.workdays import WeekSchedule, five_day_week
from qaitar.kernel.zones import ALMATY, MOSCOW, zone

KZ_2026 = {
    "01-01": "NEW_YEAR", "01-02": "NEW_YEAR", "01-07": "CHRISTMAS",
    "03-08": "WOMEN", "03-09": "WOMEN:SHIFTED",
    "03-21": "NAURYZ", "03-22": "NAURYZ", "03-23": "NAURYZ", "03-24": "NAURYZ:SHIFTED", "03-25": "NAURYZ:SHIFTED",
    "05-01": "UNITY", "05-07": "DEFENDER", "05-09": "VICTORY", "05-11": "VICTORY:SHIFTED",
    "05-27": "KURBAN_AIT:ESTIMATED", "07-06": "CAPITAL",
    "10-25": "REPUBLIC", "10-26": "REPUBLIC:SHIFTED", "12-16": "INDEPENDENCE",
}  # fmt: skip
KZ_2027 = {
    "01-01": "NEW_YEAR", "01-02": "NEW_YEAR", "01-04": "NEW_YEAR:SHIFTED", "01-07": "CHRISTMAS",
    "03-08": "WOMEN", "03-15": "CONSTITUTION",
    "03-21": "NAURYZ", "03-22": "NAURYZ", "03-23": "NAURYZ", "03-24": "NAURYZ:SHIFTED",
    "05-01": "UNITY", "05-03": "UNITY:SHIFTED", "05-07": "DEFENDER", "05-09": "VICTORY", "05-10": "VICTORY:SHIFTED",
    "05-16": "KURBAN_AIT:ESTIMATED", "07-06": "CAPITAL", "10-25": "REPUBLIC", "12-16": "INDEPENDENCE",
}  # fmt: skip
RU_2026 = {
    **{f"01-0{day}": "NEW_YEAR" for day in (1, 2, 3, 4, 5, 6, 8)}, "01-07": "CHRISTMAS", "01-09": "DAY_MOVED",
    "02-23": "DEFENDER", "03-08": "WOMEN", "03-09": "WOMEN:SHIFTED", "05-01": "LABOUR",
    "05-09": "VICTORY", "05-11": "VICTORY:SHIFTED", "06-12": "RUSSIA", "11-04": "NATIONAL_UNITY", "12-31": "DAY_MOVED",
}  # fmt: skip


@pytest.mark.parametrize(
    ("country", "year", "table"),
    [("KZ", 2026, KZ_2026), ("KZ", 2027, KZ_2027), ("RU", 2026, RU_2026)],
)
def test_the_years_table(country: Country, year: int, table: dict[str, str]) -> None:
    got = public_holidays(country, year)
    assert {day.isoformat()[5:]: code for day, code in got.items()} == table
    assert list(got) == sorted(got)


def test_constitution_day_left_august_and_came_to_march() -> None:
    assert public_holidays("KZ", 2025)[date(2025, 8, 30)] == "CONSTITUTION"
    assert date(2026, 8, 30) not in public_holidays("KZ", 2026)
    assert date(2026, 8, 31) not in public_holidays("KZ", 2026)
    assert date(2026, 3, 15) not in public_holidays("KZ", 2026)
    assert date(2027, 3, 15) in public_holidays("KZ", 2027)


def test_christmas_and_kurban_ait_on_a_weekend_give_no_day_more() -> None:
    assert date(2024, 1, 7).weekday() == 6
    assert date(2024, 1, 8) not in public_holidays("KZ", 2024)
    assert public_holidays("KZ", 2024)[date(2024, 6, 16)] == "KURBAN_AIT"
    assert date(2024, 6, 17) not in public_holidays("KZ", 2024)


def test_every_day_off_of_the_years_in_use_has_a_word() -> None:
    codes = {
        code
        for year in range(2022, 2032)
        for country in ("KZ", "RU")
        for code in public_holidays(country, year).values()
    }
    assert not [code for code in codes if code.startswith("OTHER")]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Victory Day (observed, estimated)", "VICTORY:SHIFTED:ESTIMATED"),
        ("Day off (substituted from 01/05/2025)", "DAY_MOVED"),
        ("Day of Something New", "OTHER"),
    ],
)
def test_names_become_codes(name: str, code: str) -> None:
    assert _code(name) == code


def test_a_shops_calendar_takes_days_off_and_moved_working_days_of_each_year() -> None:
    assert working_weekends("KZ", 2026) == frozenset()
    assert working_weekends("KZ", 2025) == frozenset({date(2025, 1, 5)})
    shop = state_calendar(five_day_week(), "KZ", [2025, 2026], zone(ALMATY))
    assert shop.is_working(date(2025, 1, 5))
    assert not shop.is_working(date(2025, 1, 3))
    assert not shop.is_working(date(2026, 10, 26))
    assert shop.is_working(date(2026, 8, 31))
    assert shop.is_working(date(2027, 3, 15)), "a year not asked for is not guessed"
    assert shop.zone.key == "Asia/Almaty"


def test_a_seven_day_shop_still_has_state_days_off_in_its_first_guess() -> None:
    hours = five_day_week().usual_hours
    shop = state_calendar(WeekSchedule((hours,) * 7), "RU", [2026], zone(MOSCOW))
    assert shop.is_working(date(2026, 5, 10))
    assert not shop.is_working(date(2026, 5, 9))


def shifted(country: Country, year: int, rest: frozenset[int]) -> list[str]:
    days = public_holidays(country, year, rest)
    return [f"{day:%m-%d}" for day, code in days.items() if "SHIFTED" in code or "MOVED" in code]


@pytest.mark.parametrize(
    ("country", "year", "five", "six"),
    [
        ("KZ", 2026, ["03-09", "03-24", "03-25", "05-11", "10-26"], ["03-09", "03-24", "10-26"]),
        ("KZ", 2027, ["01-04", "03-24", "05-03", "05-10"], ["03-24", "05-10"]),
        ("KZ", 2025, ["01-03", "03-10", "03-24", "03-25", "07-07", "09-01", "10-27"], ["01-03", "03-24", "07-07"]),
        ("KZ", 2024, ["03-25", "05-08", "07-08"], []),
        ("RU", 2025, ["05-02", "05-08", "06-13", "11-03", "12-31"], ["05-08", "12-31"]),
        ("RU", 2026, ["01-09", "03-09", "05-11", "12-31"], ["03-09", "12-31"]),
    ],
)  # fmt: skip
def test_each_working_week_has_its_own_moved_days(
    country: Country, year: int, five: list[str], six: list[str]
) -> None:
    """2026: as the Labour Ministry's production calendar prints both; 2025 in Russia: 23 February moved by decree alone."""
    assert shifted(country, year, FIVE_DAY_REST) == five
    assert shifted(country, year, SIX_DAY_REST) == six


@pytest.mark.parametrize("year", range(2022, 2036))
@pytest.mark.parametrize("rest", [{6}, {0}, {2, 3}, {4, 5, 6}, set()])
def test_a_holiday_on_a_weekly_day_off_gives_one_day_that_would_be_worked(
    rest: set[int], year: int
) -> None:
    days = public_holidays("KZ", year, frozenset(rest))
    moved = [day for day, code in days.items() if code.endswith("SHIFTED")]
    base = public_holidays("KZ", year, frozenset())
    due = [
        day
        for day, code in base.items()
        if day.weekday() in rest and code.partition(":")[0] not in {"CHRISTMAS", "KURBAN_AIT"}
    ]
    assert not [code for code in base.values() if "SHIFTED" in code or code == "DAY_MOVED"]
    assert len(moved) == len(due)
    assert not [day for day in moved if day.weekday() in rest or day in base]
    assert set(base) <= set(days)


def test_a_six_day_shop_works_when_only_the_five_day_week_rests() -> None:
    hours = five_day_week().usual_hours
    six = state_calendar(WeekSchedule((hours,) * 6 + (None,)), "KZ", [2024, 2026], zone(ALMATY))
    assert [six.is_working(date(2026, 3, day)) for day in (9, 23, 24, 25)] == [
        False, False, False, True,
    ]  # fmt: skip
    assert six.is_working(date(2026, 5, 11))
    assert six.is_working(date(2024, 5, 8)), "Saturday 4 May was worked anyway"
