"""The quality gate's arithmetic: how many more until it breaks, how many orders mend it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaitar.analytics.gate import Gate, GateState

counts = st.integers(min_value=0, max_value=10_000)
orders = st.integers(min_value=1, max_value=2_000_000)


def gate(returns: int, sold: int) -> Gate:
    return Gate(returns, sold, limit_permille=20, good_permille=10)


@pytest.mark.parametrize(
    ("returns", "sold", "state", "more", "percent", "mend"),
    [
        (0, 0, GateState.NO_DATA, 0, None, 0),
        (5, 0, GateState.NO_DATA, 0, None, 0),
        (0, 100, GateState.GOOD, 2, 0, 0),
        (1, 100, GateState.NEAR, 1, 100, 0),
        (2, 100, GateState.BROKEN, 0, 200, 1),
        (3, 100, GateState.BROKEN, 0, 300, 51),
        (3, 400, GateState.GOOD, 5, 75, 0),
        (7, 400, GateState.NEAR, 1, 175, 0),
        (0, 1, GateState.GOOD, 1, 0, 0),
        (1, 1, GateState.BROKEN, 0, 10_000, 50),
        (1, 51, GateState.NEAR, 1, 197, 0),
    ],
)
def test_the_table(
    returns: int, sold: int, state: GateState, more: int, percent: int | None, mend: int
) -> None:
    seen = gate(returns, sold)
    assert (
        seen.state,
        seen.more_until_broken,
        seen.percent_hundredths,
        seen.orders_until_mended,
    ) == (state, more, percent, mend)


@given(counts, orders)
def test_so_many_more_break_it_and_one_fewer_does_not(returns: int, sold: int) -> None:
    seen = gate(returns, sold)
    more = seen.more_until_broken
    assert gate(returns + more, sold).state is GateState.BROKEN
    if more:
        assert gate(returns + more - 1, sold).state is not GateState.BROKEN


@given(counts, orders)
def test_so_many_orders_mend_it_and_one_fewer_does_not(returns: int, sold: int) -> None:
    seen = gate(returns, sold)
    mend = seen.orders_until_mended
    assert gate(returns, sold + mend).state is not GateState.BROKEN
    if mend:
        assert gate(returns, sold + mend - 1).state is GateState.BROKEN


@given(counts, orders)
def test_the_displayed_share_never_looks_better_than_it_is(returns: int, sold: int) -> None:
    displayed = gate(returns, sold).percent_hundredths
    assert displayed is not None
    assert displayed * sold >= returns * 10_000 > (displayed - 1) * sold
