"""A small world with faults breaks nothing, and the same seed plays the same world to the letter."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

import pytest

from qaitar.lab.simulation.agenda import Agenda
from qaitar.lab.simulation.ledgers import executed_twice, ledgers_differ, mirror_differs
from qaitar.lab.simulation.outside import SimulatedOutside
from qaitar.lab.simulation.telling import SimulationRequest, SimulationResults, together

if TYPE_CHECKING:
    from collections.abc import Callable

AT = datetime(2025, 1, 6, tzinfo=UTC)


@pytest.mark.slow
def test_sellers_side_by_side_and_one_after_another_play_the_same_world(
    play: Callable[..., SimulationResults],
) -> None:
    wanted = SimulationRequest(seed=1, days=8, orders=240, faults=0.05, sellers=2)
    together_, apart = play(wanted, processes=2), play(wanted, processes=1)
    assert together_.broken == []
    assert together_.requests > 10
    assert together_.effects > 40
    assert sum(together_.faults.values()) > 0
    assert together_ == apart


@pytest.mark.slow
def test_rounds_left_out_because_nothing_is_due_would_have_changed_nothing(
    play: Callable[..., SimulationResults], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = SimulationRequest(seed=3, days=4, orders=100, faults=0.1)
    quick = play(wanted)
    monkeypatch.setattr(Agenda, "guard_is_due", lambda self, now: True)
    monkeypatch.setattr(Agenda, "effects_run_is_due", lambda self, now: True)
    assert play(wanted) == quick
    assert quick.effects > 10


def test_sellers_share_the_orders_and_what_they_came_to_is_added_in_their_order() -> None:
    whole = SimulationRequest(seed=1, days=2, orders=5, sellers=2)
    first, second = whole.parts()
    assert (first.orders, second.orders, first.seller, second.seller) == (3, 2, 0, 1)
    assert first.dice("market").random() != second.dice("market").random()
    one = SimulationResults(first, ["x"], "aa", 1, 2, 3, 4, 5, {"busy": 1})
    other = SimulationResults(second, [], "bb", 10, 20, 30, 40, 50, {"busy": 2, "lost": 1})
    reported = together(whole, [other, one])
    assert reported == together(whole, [one, other])
    assert reported.broken == ["seller 0: x"]
    assert (reported.requests, reported.lines, reported.effects) == (11, 22, 33)
    assert (reported.outages, reported.deaths, reported.faults) == (44, 55, {"busy": 3, "lost": 1})
    assert together(whole, [one]) is one


def test_what_stands_outside_twice_or_unknown_is_found(db_walls: None) -> None:
    outside = SimulatedOutside(Random(1), lambda: AT, 0.0)
    outside.executed["ticket"] = Counter({"a": 2})
    outside.rows["700000001-1"] = {}
    assert executed_twice(outside) == ["ticket a was executed 2 times"]
    assert mirror_differs({"700000002-1": (AT, "NEW")}) == [
        "the mirror of 700000002-1 says nothing, the newest page said NEW"
    ]
    assert ledgers_differ(outside) == [
        "ticket a stands outside and is not known here",
        "the register has a row of 700000001-1 nobody wrote",
    ]
