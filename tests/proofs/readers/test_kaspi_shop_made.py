"""Two thousand made orders of the Shop API are read as they were made, or refused with the true reason."""

from __future__ import annotations

from collections import Counter

from tests.connectors.test_kaspi_shop_made import read_made
from tests.corpora.shop_answers import made_order

ORDERS = 2_000


def test_two_thousand_made_orders_are_read_as_they_were_made() -> None:
    assert read_made(ORDERS) == []
    made = [made_order(seed) for seed in range(ORDERS)]
    kinds = Counter(each.fault.split(" ", maxsplit=1)[0] or "whole" for each in made)
    long = sum(len(each.lines or ()) > 100 for each in made)
    assert long > ORDERS // 20
    assert kinds["whole"] < ORDERS * 9 // 10, "guard: faults are really made"
