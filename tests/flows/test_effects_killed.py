"""Killed with -9 at every point of a drain: afterwards everything stands outside exactly once, and the journal holds."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from qaitar.flows.effects.engine import HANDLERS
from qaitar.foundation.ops.crashpoints import VARIABLE, armed, crashpoint
from qaitar.returns.vocabulary import Act
from tests.flows.apart import run_apart
from tests.flows.bench import ALL_ONCE, Bench

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses

KINDS = (
    "OPEN_TICKET",
    "TICKET_COMMENT",
    "WRITE_REGISTER",
    "CREATE_RETURN_ORDER",
    "ATTACH_EVIDENCE",
)
POINTS = [f"E{number}.{kind}" for kind in KINDS for number in (2, 3, 4, 5)]


def effects_run_apart(
    bench: Bench, database: DatabaseAddresses, folder: Path, point: str = ""
) -> subprocess.CompletedProcess[bytes]:
    """Drain in a process of its own that dies at `point`."""
    reported = (str(bench.shop.id), bench.now.isoformat())
    return run_apart("run_once", *reported, database=database, folder=folder, point=point)


@pytest.mark.parametrize(
    "point",
    [*POINTS, "E1.OPEN_TICKET", "E6.OPEN_TICKET", "E6.WRITE_REGISTER", "E4b.ATTACH_EVIDENCE"],
)
def test_after_a_kill_everything_happens_exactly_once(
    bench: Bench, committed: Any, tmp_path: Path, point: str
) -> None:
    case = bench.file()
    bench.act(case, Act.ASK_CUSTOMER)
    bench.take(case)
    killed = effects_run_apart(bench, committed, tmp_path, point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    bench.settle_down()
    assert bench.executed() == ALL_ONCE
    assert set(bench.states().values()) == {"DONE"}
    acts = bench.journal(case.pk)
    reported = [entry for entry in acts if entry == "EFFECT_DONE"]
    assert len(reported) in {
        5,
        6,
    }  # both register lines in one, or apart when the kill came in between


def test_a_run_apart_does_what_a_run_here_does(
    bench: Bench, committed: Any, tmp_path: Path
) -> None:
    case = bench.file()
    bench.act(case, Act.ASK_CUSTOMER)
    bench.take(case)
    done = effects_run_apart(bench, committed, tmp_path)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert bench.executed() == ALL_ONCE


def test_no_point_is_armed_unless_somebody_arms_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert armed() == ""
    crashpoint("E3.OPEN_TICKET")  # would have ended this very process


def test_no_point_is_armed_in_this_environment() -> None:
    assert VARIABLE not in os.environ


def test_every_kind_of_effect_is_killed_somewhere() -> None:
    known_by_their_letter_only = {"ASK_SERVICE_CENTRE", "ASK_REOPEN"}
    assert {kind.value for kind in HANDLERS} - known_by_their_letter_only | {
        "WRITE_REGISTER"
    } == set(KINDS)
