"""Parts of a program that share what was loaded: kept running, started again, ended with whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.runtime.programs import first_line, is_alive, python, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARTS = """
import os, subprocess, sys, time
from pathlib import Path
from qaitar.runtime.forks import Forks
from qaitar.runtime.processes import Restarts

folder, LOADED = Path(sys.argv[1]), object()

def part(name):
    def work():
        child = subprocess.Popen(["sleep", "600"])
        with (folder / name).open("a") as told:
            told.write(f"{os.getpid()} {id(LOADED)} {child.pid}\\n")
        if (folder / f"{name} breaks").exists():
            raise RuntimeError("broken")
        time.sleep(600)
    return work

print("loaded", flush=True)
quick = Restarts(limit=3, first_wait=0.01, longest_wait=0.01)
sys.exit(Forks({"web": part("web"), "worker": part("worker")}, restarts=quick, grace_seconds=2).run())
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with python(PARTS, tmp_path) as running:
        assert first_line(running) == "loaded"
        yield running
        running.kill()


def lives(folder: Path, name: str) -> list[int]:
    """The processes a part has been, the present one last."""
    reported = folder / name
    return (
        [int(line.split()[0]) for line in reported.read_text().splitlines()]
        if reported.exists()
        else []
    )


def both(folder: Path) -> tuple[int, int]:
    wait_for(lambda: bool(lives(folder, "web") and lives(folder, "worker")))
    return lives(folder, "web")[-1], lives(folder, "worker")[-1]


def test_parts_share_what_was_loaded_and_end_with_a_signal(
    program: subprocess.Popen[str], tmp_path: Path
) -> None:
    web, worker = both(tmp_path)
    reported = [(tmp_path / name).read_text() for name in ("web", "worker")]
    loaded = {line.split()[1] for text in reported for line in text.splitlines()}
    assert len(loaded) == 1
    program.send_signal(signal.SIGTERM)
    assert program.wait(10) == 0
    assert not is_alive(web)
    assert not is_alive(worker)


def test_a_part_that_died_is_started_again_and_the_other_goes_on(
    program: subprocess.Popen[str], tmp_path: Path
) -> None:
    web, worker = both(tmp_path)
    child = int((tmp_path / "worker").read_text().split()[2])
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: len(lives(tmp_path, "worker")) == 2)
    assert not is_alive(child)  # what it left would hold its port
    assert lives(tmp_path, "web") == [web]
    assert is_alive(web)
    assert is_alive(lives(tmp_path, "worker")[1])


def test_a_part_that_dies_too_often_ends_everything(
    program: subprocess.Popen[str], tmp_path: Path
) -> None:
    web, worker = both(tmp_path)
    (tmp_path / "worker breaks").touch()
    os.kill(worker, signal.SIGKILL)
    assert program.wait(10) == 1
    assert len(lives(tmp_path, "worker")) == 4
    assert not is_alive(web)


def test_nobody_outlives_the_one_who_loaded(program: subprocess.Popen[str], tmp_path: Path) -> None:
    reported = [*both(tmp_path)]
    reported += [int((tmp_path / name).read_text().split()[2]) for name in ("web", "worker")]
    program.kill()
    wait_for(lambda: not any(is_alive(pid) for pid in reported))
