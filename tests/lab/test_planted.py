"""The quickest of the planted bugs, each found and named by one run; all of them are looked for by `make prove`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.planted import PLANTED, QUICK, Planted

if TYPE_CHECKING:
    from collections.abc import Callable

    from qaitar.lab.simulation.telling import SimulationRequest, SimulationResults


def test_there_are_ten_and_each_has_a_name_of_its_own() -> None:
    assert len({bug.what for bug in PLANTED}) == len({bug.plant for bug in PLANTED}) == 10
    assert set(QUICK) < set(PLANTED)


@pytest.mark.slow
@pytest.mark.parametrize("wanted", sorted({bug.wanted for bug in QUICK}, key=repr), ids=str)
def test_the_program_as_it_is_passes_the_same_run(
    play: Callable[..., SimulationResults], wanted: SimulationRequest
) -> None:
    assert play(wanted).broken == []


@pytest.mark.slow
@pytest.mark.parametrize("bug", QUICK, ids=lambda bug: bug.what)
def test_a_planted_bug_is_found_and_named(
    play: Callable[..., SimulationResults], monkeypatch: pytest.MonkeyPatch, bug: Planted
) -> None:
    bug.plant(monkeypatch)
    assert [line for line in play(bug.wanted).broken if bug.names in line]
