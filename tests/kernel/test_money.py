"""Sums stay exact: read, split, shown, never floated, never mixed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaitar.kernel.money import (
    Currency,
    CurrencyMismatch,
    Money,
    UnreadableAmount,
    format_minor,
    minor_from_decimal,
    parse_minor,
    total,
    zero,
)

KZT, RUB = Currency.KZT, Currency.RUB
minors = st.integers(-(10**14), 10**14)


def test_sums_of_one_currency_add_subtract_and_compare() -> None:
    big, small = Money(500_00, KZT), Money(120_00, KZT)
    assert big + small == Money(620_00, KZT)
    assert small - big == -Money(380_00, KZT)
    assert small * 3 == Money(360_00, KZT)
    assert small < big
    assert small <= small  # noqa: PLR0124 - the boundary itself is asserted
    assert big > small
    assert big >= big  # noqa: PLR0124 - the boundary itself is asserted
    assert not zero(KZT)
    assert bool(small)


@pytest.mark.parametrize(
    "operation", ["__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"]
)
def test_tenge_and_roubles_never_mix(operation: str) -> None:
    with pytest.raises(CurrencyMismatch, match="KZT does not mix with RUB"):
        getattr(Money(1, KZT), operation)(Money(1, RUB))


def test_equal_figures_of_two_currencies_are_not_equal_money() -> None:
    assert Money(1, KZT) != Money(1, RUB)


@pytest.mark.parametrize("minor", [1.0, True, "1", Decimal(1)])
def test_money_is_made_of_whole_numbers_only(minor: object) -> None:
    with pytest.raises(TypeError, match="whole number"):
        Money(minor, KZT)  # type: ignore[arg-type]  # the wrong type is the point


def test_total_refuses_a_stranger() -> None:
    assert total([], RUB) == Money(0, RUB)
    with pytest.raises(CurrencyMismatch):
        total([Money(1, KZT), Money(1, RUB)], KZT)


@pytest.mark.parametrize(
    ("minor", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (5, [3, 7], [2, 3]),  # 1.5 and 3.5: equal remainders, the earlier part gets the unit
        (10, [0, 1], [0, 10]),
        (0, [1, 2], [0, 0]),
        (1, [1, 1, 1, 1], [1, 0, 0, 0]),
    ],
)
def test_a_sum_is_split_by_largest_remainder(
    minor: int, weights: list[int], parts: list[int]
) -> None:
    assert [part.minor for part in Money(minor, KZT).allocate(weights)] == parts


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1], [-1]])
def test_weights_that_split_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(100, KZT).allocate(weights)


@given(minors, st.lists(st.integers(0, 10**9), min_size=1, max_size=12).filter(any))
def test_parts_add_up_and_lie_within_one_unit_of_the_exact_share(
    minor: int, weights: list[int]
) -> None:
    parts = Money(minor, KZT).allocate(weights)
    assert sum(part.minor for part in parts) == minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor * sum(weights) - minor * weight) < sum(weights)


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("0", 0),
        ("11990", 1199000),
        ("1455.0", 145500),
        ("12 345,50", 1234550),
        ("12\u00a0345\u00a0678", 1234567800),
        ("12\u202f345.5", 1234550),
        ("0,01", 1),
        ("999999999999.99", 99999999999999),
        ("007", 700),
    ],
)
def test_amounts_as_people_and_exports_write_them(text: str, minor: int) -> None:
    assert parse_minor(text) == minor


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-1", "+1", "1e3", "1.234", "1,234.00", "1.2.3", "1.", ".5", "12 34", "1 2345", "1234 567", "1  234",
        " 1", "1 ", "1\n", "١٢٣", "１２", "1234567890123", "123 456 789 012 345", "12 345 ₸", "NaN", "0x10", "1_000",
        "1\u2009234",
    ],
)  # fmt: skip
def test_what_is_not_surely_an_amount_is_refused(text: str) -> None:
    with pytest.raises(UnreadableAmount):
        parse_minor(text)


@pytest.mark.parametrize(
    ("value", "minor"),
    [
        ("2000.0", 200000),
        ("0.01", 1),
        ("-12.5", -1250),
        ("0", 0),
        ("0E-9", 0),
        ("1E+3", 100000),
        ("0.1000", 10),
    ],
)
def test_a_vendors_number_becomes_minor_units(value: str, minor: int) -> None:
    assert minor_from_decimal(Decimal(value)) == minor


@pytest.mark.parametrize(
    "value",
    ["0.001", "1.005", "NaN", "sNaN", "Infinity", "-Infinity", "1E+12", "1E+999999", "1E-999999"],
)
def test_a_fraction_of_a_tiyn_is_refused_not_rounded(value: str) -> None:
    with pytest.raises(UnreadableAmount):
        minor_from_decimal(Decimal(value))


@given(st.integers(0, 10**14 - 1))
def test_reading_a_vendors_number_and_a_text_agree(minor: int) -> None:
    text = f"{minor // 100}.{minor % 100:02d}"
    assert parse_minor(text) == minor_from_decimal(Decimal(text)) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1234550, KZT, "12\u202f345,50\u00a0₸"),
        (500000, KZT, "5\u202f000\u00a0₸"),
        (500000, RUB, "5\u202f000,00\u00a0₽"),
        (5, KZT, "0,05\u00a0₸"),
        (0, KZT, "0\u00a0₸"),
        (-123456789, RUB, "\u22121\u202f234\u202f567,89\u00a0₽"),
    ],
)
def test_money_is_displayed_as_price_tags_show_it(
    minor: int, currency: Currency, text: str
) -> None:
    assert format_minor(minor, currency) == text


@given(st.integers(0, 10**14 - 1), st.sampled_from(Currency))
def test_what_is_displayed_can_be_typed_back(minor: int, currency: Currency) -> None:
    assert parse_minor(format_minor(minor, currency).split("\u00a0")[0]) == minor
