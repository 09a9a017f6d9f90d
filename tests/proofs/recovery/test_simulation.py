"""The simulated world whole: a year with faults holds, twenty seeds in a row hold, and ten planted bugs are each found."""

from __future__ import annotations

import os
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from qaitar.lab.simulation.telling import SimulationRequest
from tests.lab.planted import PLANTED, Planted

if TYPE_CHECKING:
    from collections.abc import Callable

    from qaitar.lab.simulation.telling import Told

YEAR_SECONDS_MAX = 600
SEEDS = range(1, 21)


def _played(play: Callable[..., Told], wanted: SimulationRequest) -> tuple[Told, float]:
    began = monotonic()
    reported = play(wanted)
    seconds = monotonic() - began
    print(  # noqa: T201  the figures are what a proof is for
        f"\n{wanted}: {seconds:.0f} s at load {os.getloadavg()[0]:.1f}; {reported.requests} requests, {reported.lines} lines,"
        f" {reported.effects} effects, {reported.outages} outages, {reported.deaths} deaths, transcript {reported.transcript[:16]}"
    )
    return reported, seconds


def test_a_year_of_twenty_thousand_orders_holds_within_ten_minutes(
    play: Callable[..., Told],
) -> None:
    reported, seconds = _played(
        play, SimulationRequest(seed=1, days=365, orders=20_000, faults=0.05, sellers=2)
    )
    assert reported.broken == []
    assert reported.requests > 2_000
    assert seconds < YEAR_SECONDS_MAX


@pytest.mark.parametrize("seed", SEEDS)
def test_twenty_seeds_in_a_row_break_nothing(play: Callable[..., Told], seed: int) -> None:
    reported, _ = _played(
        play, SimulationRequest(seed, days=30, orders=1_600, faults=0.05, sellers=2)
    )
    assert reported.broken == []


@pytest.mark.parametrize("wanted", sorted({bug.wanted for bug in PLANTED}, key=repr), ids=str)
def test_the_program_as_it_is_passes_the_worlds_of_the_bugs(
    play: Callable[..., Told], wanted: SimulationRequest
) -> None:
    reported, _ = _played(play, wanted)
    assert reported.broken == []


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.what)
def test_each_planted_bug_is_found_and_named(
    play: Callable[..., Told], monkeypatch: pytest.MonkeyPatch, bug: Planted
) -> None:
    bug.plant(monkeypatch)
    reported, _ = _played(play, bug.wanted)
    assert [line for line in reported.broken if bug.names in line]
