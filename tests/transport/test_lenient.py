"""Numbers of JSON as money and quantity: every form a writer may choose, exact to the last part or not read at all."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaitar.transport.lenient import code, load, milli, minor, moment_ms, whole


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"1.29999E7", 1299990000),
        (b"1.29999e+7", 1299990000),
        (b"1.3E+7", 1300000000),
        (b"12999900", 1299990000),
        (b"12999900.00", 1299990000),
        (b'"12999900.0"', 1299990000),
        (b'"1.29999E7"', 1299990000),
        (b"5E0", 500),
        (b"1.5E-1", 15),
        (b"25990.000000000004", 2599000),
        (b"188.29999999999998", 18830),
        (b"5.684341886080802e-14", 0),
        (b"-0.0", 0),
        (b"999999999999.99", 99999999999999),
        (b"0.005", None),
        (b"10.015", None),
        (b"1E12", None),
        (b"1E400", None),
        (b"1E-4000", None),
        (b"-1.3E7", None),
        (b"true", None),
        (b'"1.3E"', None),
        (b'"E7"', None),
        (b'"12 999 900,50"', 1299990050),
        (b'"12,999,900.50"', None),
        (b'"13 million"', None),
    ],
)
def test_an_amount_is_read_to_the_tiyn_or_not_at_all(written: bytes, expected: int | None):
    assert minor(load(b'{"sum": ' + written + b"}")["sum"]) == expected


@given(st.integers(0, 10**14 - 1), st.integers(-12, 12), st.booleans())
def test_whatever_place_a_writer_puts_the_point_the_amount_is_the_same(
    tiyn: int, shift: int, text: bool
):
    amount = Decimal(tiyn) / 100
    written = f"{amount.scaleb(-shift):f}E{shift}"
    assert minor(load((json.dumps(written) if text else written).encode())) == tiyn


@given(st.integers(0, 10**11))
def test_what_a_double_makes_of_an_amount_is_read_as_the_amount(tiyn: int):
    """Shortest decimal of a double, and the same after adding and taking away a tenth."""
    for double in (tiyn / 100, tiyn / 100 + 0.1 - 0.1):
        assert minor(load(json.dumps(double).encode())) == tiyn


@pytest.mark.parametrize(
    ("written", "expected"),
    [(b"1", 1000), (b"1.0", 1000), (b"2E0", 2000), (b"1E1", 10000), (b"0.30000000000000004", 300), (b"0.0005", None)],
)  # fmt: skip
def test_a_quantity_is_read_to_the_thousandth_or_not_at_all(written: bytes, expected: int | None):
    assert milli(load(written)) == expected


def test_counts_and_moments_are_read_in_any_form_too():
    assert whole(load(b"1.01E2")) == 101
    assert moment_ms(load(b"1.783328662651E12")) == moment_ms(1783328662651)
    assert moment_ms(1783328662651) is not None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b'"1000000001"', "1000000001"),
        (b"1000000001", "1000000001"),
        (b"1.000000001E9", "1000000001"),
        (b"700000901.0", "700000901"),
        (b'"00123"', "00123"),
        (b'"KZ-1E5"', "KZ-1E5"),
        (b"1.5", "1.5"),
    ],
)
def test_a_number_that_names_something_keeps_its_digits(written: bytes, expected: str):
    assert code(load(written)) == expected
