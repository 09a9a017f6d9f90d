"""Judges what is done at import: a fork that has every library loaded and nothing of ours imports the mutant."""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Any

import pytest

from tests.mutants.forking import in_fork
from tests.mutants.planting import plant_at_import

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from tests.mutants.making import Mutant

# Plugins are loaded before pytest here, which it warns of.
OPTIONS = (
    "-q",
    *("-p", "no:randomly", "-p", "no:cacheprovider", "--hypothesis-profile=unshrunk"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
_STARTED = (
    "import sys, pytest; code = pytest.main(['-q', '--co', 'tests/foundation/test_walls.py']);"
    "print('\\n'.join(['', *sys.modules]))"
)


@dataclass(frozen=True, slots=True)
class Job:
    """A mutant, the tests that may notice it in the order to try them, and the database they work in."""

    mutant: Mutant
    files: tuple[str, ...]
    tests: tuple[str, ...]
    database: Any
    folder: str
    """Where the tests may leave their files."""
    seconds: float


class Starter:
    """A process forked before anything of ours was imported; it starts the program anew for each mutant."""

    def __init__(self) -> None:
        """Fork it."""
        self._ours, theirs = Pipe()
        self._pid = os.fork()
        if self._pid == 0:
            self._ours.close()
            with contextlib.suppress(EOFError):
                _serve(theirs)
            os._exit(0)
        theirs.close()

    def judge(self, job: Job) -> str | None:
        """Return what the tests say about a mutant; None when they took too long."""
        self._ours.send_bytes(pickle.dumps(job))
        stated: str | None = self._ours.recv()
        return stated

    def close(self) -> None:
        """Let it end."""
        self._ours.close()
        os.waitpid(self._pid, 0)


def _serve(connection: Connection) -> None:
    _load_libraries()
    while True:
        job: Job = pickle.loads(connection.recv_bytes())
        connection.send(in_fork(lambda job=job: _started_anew(job), seconds=job.seconds))


def _load_libraries() -> None:
    requested = subprocess.run(
        [sys.executable, "-c", _STARTED], capture_output=True, text=True, check=True
    )
    for name in requested.stdout.splitlines():
        if name.isidentifier() or "." in name:
            if (
                name.partition(".")[0] in {"qaitar", "tests", "allauth", "ninja"}
                or "contrib" in name
            ):
                continue
            with contextlib.suppress(Exception):  # some want an installed application first
                importlib.import_module(name)


def _started_anew(job: Job) -> str:
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.dup2(devnull, 2)
    plant_at_import(job.mutant.module, job.mutant.source)
    chosen = _Chosen(job)
    code = pytest.main([*OPTIONS, "-x", f"--basetemp={job.folder}", *job.files], plugins=[chosen])
    if code == pytest.ExitCode.OK:
        return "survived"
    return f"killed: {chosen.failed or 'does not start'}"


class _Chosen:
    """Runs the chosen tests only, in their order, in a database that is there already."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.failed = ""

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        order = {name: at for at, name in enumerate(self._job.tests)}
        items[:] = sorted(
            (item for item in items if item.nodeid in order), key=lambda item: order[item.nodeid]
        )
        if self._job.database is None:
            return
        for plugin in config.pluginmanager.get_plugins():
            if hasattr(plugin, "resolve_database") and hasattr(plugin, "django_db_setup"):
                plugin.resolve_database = lambda *_: self._job.database
                plugin.release_database = lambda *_: None
                plugin.call_command = lambda *_, **__: None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = f"{report.nodeid} ({report.when})"
