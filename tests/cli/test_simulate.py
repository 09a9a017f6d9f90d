"""`qaitar simulate` plays worlds in a row and ends with the first that breaks."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

import pytest

from qaitar.cli import simulate
from qaitar.lab.simulation.telling import SimulationRequest, SimulationResults
from qaitar.runtime.folder import DataFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[SimulationRequest]:
    """The worlds asked for; that of seed 9 breaks."""
    requested: list[SimulationRequest] = []

    def play(_shop: Any, wanted: SimulationRequest) -> SimulationResults:
        requested.append(wanted)
        return SimulationResults(wanted, ["I2: paid twice"] if wanted.seed == 9 else [], "ab")

    monkeypatch.setattr(simulate, "resolve_database", lambda *_: None)
    monkeypatch.setattr(simulate, "simulate", play)
    return requested


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., int]:
    parser = argparse.ArgumentParser()
    simulate.arguments(parser)
    folder = DataFolder(tmp_path / "data")
    return lambda *given: simulate.run(parser.parse_args(given), folder)


def test_so_many_worlds_are_played_of_the_seed_and_those_after_it(
    played: list[SimulationRequest], command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--seed", "4", "--worlds", "3", "--days", "9", "--orders", "25000") == 0
    assert played == [SimulationRequest(seed, 9, 25_000, 0.0, 2) for seed in (4, 5, 6)]
    stated = capsys.readouterr().out
    assert [line for line in stated.splitlines() if "Seed" in line] == [
        f"Everything held. Seed {seed}." for seed in (4, 5, 6)
    ]


def test_the_world_that_breaks_is_the_last(
    played: list[SimulationRequest], command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--seed", "8", "--worlds", "20") == 1
    assert [wanted.seed for wanted in played] == [8, 9]
    stated = capsys.readouterr().out
    assert "BROKEN: I2: paid twice" in stated
    assert "1 things broke. Seed 9." in stated


def test_one_world_is_one_document_and_several_are_a_list(
    played: list[SimulationRequest], command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--json") == 0
    one = json.loads(capsys.readouterr().out)
    assert (one["ok"], one["transcript"], one["wanted"]["seed"]) == (True, "ab", 1)
    assert command("--json", "--seed", "8", "--worlds", "2") == 1
    worlds = json.loads(capsys.readouterr().out)["worlds"]
    assert [(each["ok"], each["wanted"]["seed"]) for each in worlds] == [(True, 8), (False, 9)]
    assert len(played) == 3


def test_no_worlds_at_all_are_not_played(
    played: list[SimulationRequest], command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--worlds", "0") == 2
    assert "--worlds takes 1 or more" in capsys.readouterr().out
    assert played == []
