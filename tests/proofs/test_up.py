"""`qaitar up` on one data folder, whole: the second is refused, and a killed one leaves nothing in the way."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil

from qaitar.runtime.folder import DataFolder
from qaitar.runtime.ports import is_free, pick_port
from qaitar.runtime.postgres import EmbeddedPostgres
from qaitar.runtime.processes import wait_ready
from tests.runtime.programs import newcomers_environ, server_processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def started(data: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "qaitar.cli.main", "up", "--data", str(data)]
    with subprocess.Popen(
        [*command, "--port", str(port)], env=newcomers_environ(), stderr=subprocess.PIPE
    ) as program:
        try:
            yield program
        finally:
            program.send_signal(signal.SIGINT)
            program.wait(30)


def test_up_starts_again_after_kill_9(tmp_path: Path) -> None:
    data, port, other = tmp_path / "data", pick_port(), pick_port()
    try:
        with started(data, port) as first:
            wait_ready(f"http://127.0.0.1:{port}/readyz", 60, lambda: first.poll() is None)
            with started(data, other) as second:
                assert second.wait(60) == 2
                assert second.stderr is not None
                stated = second.stderr.read().decode()
            assert f"(process {first.pid}, http://127.0.0.1:{port})" in stated
            assert is_free(other)
            family = psutil.Process(first.pid).children(recursive=True)
            first.kill()
            first.wait()
            psutil.wait_procs(family, 10)
        with started(data, other) as again:
            wait_ready(f"http://127.0.0.1:{other}/readyz", 60, lambda: again.poll() is None)
    finally:
        until = time.monotonic() + 10
        while server_processes(DataFolder(data)) and time.monotonic() < until:
            time.sleep(0.1)
        EmbeddedPostgres(DataFolder(data)).stop()
        assert server_processes(DataFolder(data)) == []
