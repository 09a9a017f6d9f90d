"""`qaitar up` works alone on its data folder: a second one is refused before it changes anything."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import pytest

from qaitar.cli import up
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.locks import sole_holder
from qaitar.runtime.ports import pick_port
from qaitar.runtime.problems import AlreadyRunning
from qaitar.runtime.processes import Program, Supervisor
from tests.runtime.programs import first_line, running

if TYPE_CHECKING:
    from pathlib import Path

HOLD_THE_LOCK = """
import sys, time
from pathlib import Path
from qaitar.runtime.locks import sole_holder
with sole_holder(Path(sys.argv[1]), "process 4711, http://127.0.0.1:8000"):
    print("held", flush=True)
    time.sleep(600)
"""


def options(port: int) -> argparse.Namespace:
    return argparse.Namespace(demo=True, host="127.0.0.1", port=port)


def test_a_second_up_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = DataFolder(tmp_path / "data")
    began: list[str] = []
    for name in ("demo_seed", "demo_merchant", "gather", "DemoKeeper", "Supervisor"):
        monkeypatch.setattr(up, name, lambda *_, name=name, **__: began.append(name))
    with running(HOLD_THE_LOCK, folder.path / up.LOCK) as first:
        first_line(first)
        with pytest.raises(AlreadyRunning) as refused:
            up.run(options(pick_port()), folder)
        assert began == []
        assert str(refused.value) == (
            f"Qaitar already runs on the data folder {folder.path} (process 4711, "
            "http://127.0.0.1:8000): open it there, end it first, or choose another folder with --data."
        )
        first.kill()
        first.wait()
    monkeypatch.setattr(up, "_run", lambda *_: 77)  # its holder is dead: nothing has to be removed
    assert up.run(options(pick_port()), folder) == 77


def test_the_programs_it_starts_do_not_hold_its_lock(tmp_path: Path) -> None:
    """A child that outlives a killed `up` for a moment must not keep the next one out."""
    sleeper = Supervisor(
        [Program("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"])]
    )
    with sleeper:
        with sole_holder(tmp_path / "up.lock", "first"):
            sleeper.add(Program("later", [sys.executable, "-c", "import time; time.sleep(60)"]))
            sleeper.start()
        assert len(sleeper.pids) == 2
        with sole_holder(tmp_path / "up.lock", "second"):
            assert (tmp_path / "up.lock").read_text() == "second"
