"""Fulfils wishes for the demo shop while `qaitar up` runs: the shop is made by a process of its own, then its stand-ins live."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

from qaitar.runtime.demo_request import ADD, FAILED, REMOVE, Wish, fulfilled, wish, wished
from qaitar.runtime.ports import require_free_port
from qaitar.runtime.problems import Problem
from qaitar.runtime.processes import Program
from qaitar.sandbox.outside import PORTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qaitar.runtime.folder import DataFolder
    from qaitar.runtime.processes import Supervisor

STAND_INS: Final = "stand-ins"


def stand_ins(port: int, environ: Mapping[str, str]) -> Program:
    """Name the program of the stand-ins."""
    command = [sys.executable, "-m", "qaitar.cli.main", "stand-ins", "--port", str(port)]
    return Program(STAND_INS, command, environ)


class DemoKeeper:
    """Looks for a wish about once a second, and never waits for it: making the shop takes half a minute."""

    def __init__(self, folder: DataFolder, port: int, environ: Mapping[str, str]) -> None:
        """Fulfil wishes left in `folder`; stand-ins are served from `port` on."""
        self._folder, self._port, self._environ = folder.path, port, environ
        self._making: subprocess.Popen[bytes] | None = None
        if (left := wished(self._folder)) and left.what == FAILED:
            fulfilled(self._folder)

    def look(self, supervisor: Supervisor) -> None:
        """Begin what is wished, or see whether what was begun is done."""
        wanted = wished(self._folder)
        if wanted is None or wanted.what == FAILED:
            return
        if self._making is None:
            self._begin(wanted, supervisor)
            return
        code = self._making.poll()
        if code is None:
            return
        self._making = None
        if code != 0:
            wish(self._folder, Wish(FAILED))
            return
        if wanted.what == ADD and STAND_INS not in supervisor.pids:
            supervisor.add(stand_ins(self._port, self._environ))
        fulfilled(self._folder)

    def end(self) -> None:
        """End what is being made; what it had not finished is not there."""
        if self._making is not None:
            self._making.terminate()
            self._making.wait()

    def _begin(self, wanted: Wish, supervisor: Supervisor) -> None:
        supervisor.drop(STAND_INS)
        try:
            for number in range(PORTS if wanted.what == ADD else 0):
                require_free_port(self._port + number)
        except Problem as problem:
            print(f"qaitar: {problem}", file=sys.stderr, flush=True)
            wish(self._folder, Wish(FAILED))
            return
        command = [sys.executable, "-m", "qaitar.cli.main", "demo"]
        command += ["remove"] if wanted.what == REMOVE else ["add", "--port", str(self._port)]
        if wanted.what == ADD:
            command += ["--owner", str(wanted.user_id)]
        self._making = subprocess.Popen(  # noqa: S603  our own program
            command, env=dict(self._environ), stdin=subprocess.DEVNULL
        )
