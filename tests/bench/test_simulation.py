"""A small world with faults breaks nothing, and the same seed plays the same world to the letter."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from qaitar.bench.simulation.ledgers import ledgers_differ
from qaitar.bench.simulation.outside import Outside
from qaitar.bench.simulation.playing import Wanted, simulate

if TYPE_CHECKING:
    from qaitar.runtime.addresses import DatabaseAddresses

AT = datetime(2025, 1, 6, tzinfo=UTC)


@pytest.mark.slow
def test_a_small_world_holds_and_is_replayed_by_its_seed(
    committed: DatabaseAddresses, settings: Any
) -> None:
    settings.QAITAR_ENCRYPTION_KEY = "k" * 40
    wanted = Wanted(seed=1, days=8, orders=120, faults=0.05)
    first, second = simulate(committed, wanted), simulate(committed, wanted)
    assert first.broken == []
    assert first.requests > 5
    assert first.effects > 20
    assert sum(first.faults.values()) > 0
    assert (second.transcript, second.lines) == (first.transcript, first.lines)


def test_what_stands_outside_twice_or_unknown_is_found(db_walls: None) -> None:
    outside = Outside(Random(1), lambda: AT, 0.0)
    outside.executed["ticket"] = Counter({"a": 2})
    outside.rows["700000001-1"] = {}
    assert ledgers_differ(outside) == [
        "ticket a was executed 2 times",
        "ticket a stands outside and is not known here",
        "the register has a row of 700000001-1 nobody wrote",
    ]
