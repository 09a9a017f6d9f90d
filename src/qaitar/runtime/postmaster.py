"""The server's processes: found by the mark in their command lines, never by a bare process id.

A process id in a file proves nothing: its process may be dead, a zombie nobody reaps, or another
program that got the number later.  Zombies show no command line, strangers show another.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import psutil

from qaitar.runtime.cluster import PLAIN_ENVIRONMENT, Cluster, open_to, program
from qaitar.runtime.problems import DatabaseProblem

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.account import SystemAccount

_POLL_SECONDS = 0.01
_ORPHANS_LEAVE_SECONDS, _ORPHANS_DIE_SECONDS = 0.5, 20.0
_STOP_STEPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
_PORT_LINE, _STATE_LINE = 3, 7
_LOG_LIMIT = 16 * 1024 * 1024
_TAIL_BYTES, _TAIL_LINES = 8192, 5

# Servers this process started: it is their parent, so it must collect them when they end.
_STARTED: dict[int, subprocess.Popen[bytes]] = {}


class PortLost(Exception):
    """Somebody took the port between its being found free and the server's start."""


def is_server(pid: int, mark: str) -> bool:
    """Tell whether this process id is now a living process of the cluster with that mark."""
    if (child := _STARTED.get(pid)) is not None and child.poll() is not None:
        del _STARTED[pid]
    try:
        return _is_marked(psutil.Process(pid).cmdline(), mark)
    except psutil.Error:
        return False


def noted(data: Path) -> list[str]:
    """Return the lines of the server's own note, `postmaster.pid`; empty when there is none."""
    try:
        return (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []


def living(cluster: Cluster) -> tuple[int, int] | None:
    """Return process id and port of the server that runs on this cluster, found without our notes."""
    lines = noted(cluster.data)
    if len(lines) <= _PORT_LINE or not (lines[0].isdigit() and lines[_PORT_LINE].isdigit()):
        return None
    pid = int(lines[0])
    return (pid, int(lines[_PORT_LINE])) if is_server(pid, cluster.mark) else None


def clear_leftovers(cluster: Cluster) -> None:
    """End what a killed server left running and remove its note; call only under the start lock.

    While one such process lives, a second server on the same files would destroy them, and
    PostgreSQL's own check by process id is misled by zombies and reused numbers.  All of them end
    by themselves soon, except one that is busy: that one is killed.
    """
    began = time.monotonic()
    while orphans := _marked(cluster.mark):
        waited = time.monotonic() - began
        if waited > _ORPHANS_DIE_SECONDS:
            raise DatabaseProblem(
                f"Processes {[orphan.pid for orphan in orphans]} of an earlier database server hold "
                f"{cluster.data} and cannot be ended (a disk that does not answer?): restart the machine."
            )
        if waited > _ORPHANS_LEAVE_SECONDS:
            for orphan in orphans:
                with contextlib.suppress(psutil.Error):
                    orphan.kill()
        time.sleep(_POLL_SECONDS)
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)


def launch(cluster: Cluster, port: int, log: Path, account: SystemAccount | None) -> int:
    """Start a server and return its process id at once; it outlives this process.

    It has a session of its own, so that Ctrl-C in a terminal does not reach it.
    """
    command: list[str | Path] = [
        *(program("postgres"), "-D", open_to(account, cluster.data), "-p", str(port)),
        *("-c", f"cluster_name={cluster.mark}"),
    ]
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        child = subprocess.Popen(  # noqa: S603  # our own program; no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            cwd=cluster.data,
            env=PLAIN_ENVIRONMENT,
            start_new_session=True,
            umask=0o077,
            **(account.as_popen() if account else {}),
        )
    except OSError as error:
        raise DatabaseProblem(
            f"The PostgreSQL program {command[0]} cannot be run ({error.strerror}): run the command "
            "as an ordinary user or give another server in DATABASE_URL."
        ) from error
    finally:
        os.close(handle)
    _STARTED[child.pid] = child
    return child.pid


def wait_until_ready(cluster: Cluster, pid: int, log: Path, since: int, patience: float) -> None:
    """Wait until the server takes connections; after a crash it first replays its journal.

    Args:
        cluster: whose server it is.
        pid: its process.
        log: where it writes.
        since: length of the log in bytes before it was started.
        patience: seconds to wait.

    Raises:
        PortLost: it ended because the port is taken; try another.
        DatabaseProblem: it ended for another reason, or is not ready in time.
    """
    until = time.monotonic() + patience
    while True:
        alive = is_server(pid, cluster.mark) or _is_starting(pid)
        lines = noted(cluster.data)
        if alive and lines[:1] == [str(pid)] and _is_ready(lines):
            return
        if not alive:
            raise _why_it_ended(cluster, log, since)
        if time.monotonic() > until:
            raise DatabaseProblem(
                f"The database has been starting for more than {patience:.0f} s (after a crash it "
                f"repeats what was not yet in place): wait and try again, or see {log}."
            )
        time.sleep(_POLL_SECONDS)


def shut_down(cluster: Cluster, pid: int) -> None:
    """End the server: what is committed stays, open transactions are rolled back."""
    mark = cluster.mark
    for number, patience in _STOP_STEPS:
        until = time.monotonic() + patience
        if is_server(pid, mark):
            os.kill(pid, number)
        while is_server(pid, mark):
            if time.monotonic() > until:
                break
            time.sleep(_POLL_SECONDS)
        else:
            break
    clear_leftovers(cluster)


def log_size(log: Path) -> int:
    """Return the length of the log in bytes, after setting aside one grown over 16 MB."""
    if not log.exists():
        return 0
    if log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".old.log"))
        return 0
    return log.stat().st_size


def log_tail(log: Path, since: int = 0) -> str:
    """Return the last lines written to the log after byte `since`, on one line."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(since, size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return " | ".join(line for line in text.splitlines()[-_TAIL_LINES:] if line.strip())


def _is_ready(lines: list[str]) -> bool:
    return len(lines) > _STATE_LINE and lines[_STATE_LINE].strip() == "ready"


def _is_starting(pid: int) -> bool:
    """Tell whether our child lives, though it may not yet show its own command line."""
    child = _STARTED.get(pid)
    return child is not None and child.poll() is None


def _is_marked(command: list[str], mark: str) -> bool:
    return bool(command) and "postgres" in command[0] and mark in " ".join(command)


def _marked(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if _is_marked(process.cmdline(), mark):
                found.append(process)
    return found


def _why_it_ended(cluster: Cluster, log: Path, since: int) -> Exception:
    output = log_tail(log, since)
    if "could not create any TCP/IP sockets" in output or "Address already in use" in output:
        return PortLost()
    if "No space left on device" in output:
        return DatabaseProblem(
            f"The database does not start because the disk of {cluster.data} is full: free some "
            "space and try again."
        )
    return DatabaseProblem(
        f"The database in {cluster.data} does not start and may be damaged; its log {log} ends with: "
        f"{output or 'nothing'}; if its reason is not clear, restore the data folder from a backup."
    )
