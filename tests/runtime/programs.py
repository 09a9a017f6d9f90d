"""Starts other Python processes on the same source, and looks at what processes are left."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qaitar.runtime.folder import DataFolder

SOURCE = Path(__file__).parents[2] / "src"

HOLD_A_SERVER = """
import sys, time
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.postgres import EmbeddedPostgres
server = EmbeddedPostgres(DataFolder(sys.argv[1]))
print(server.start().pid, flush=True)
time.sleep(600)
"""


def newcomers_environ() -> dict[str, str]:
    """What a program is told on a machine where nobody has set anything of ours."""
    ours = ("QAITAR_", "DATABASE_", "DJANGO_")
    return {name: reported for name, reported in os.environ.items() if not name.startswith(ours)}


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Run code in a process of its own; its standard output is a pipe."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )


@contextlib.contextmanager
def running(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run code beside the test and kill it at the end of the block."""
    with python(code, *arguments) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline().strip()
    assert line, process.stderr.read()
    return line


def server_processes(folder: DataFolder) -> list[psutil.Process]:
    """Return every living process of the folder's server, found independently of the product."""
    found = folder.postgres.joinpath("data").stat()
    mark = f"qaitar-{found.st_dev:x}-{found.st_ino:x}"
    return [
        process
        for process in psutil.process_iter()
        if is_alive(process.pid) and "postgres" in process.name() and mark in _line(process)
    ]


def is_alive(pid: int) -> bool:
    """Tell whether the process exists and is not a zombie that its parent never collected."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(what: Callable[[], bool], seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, f"not so within {seconds} s"
        time.sleep(0.02)


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
