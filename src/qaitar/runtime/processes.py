"""Keeps the programs of one machine running: web, worker and stand-ins, as children of one process.

Whatever way the supervisor ends, they end: by a signal it forwards, and when it was killed itself by
the kernel (the child asks to be told of its parent's death) and the parent_watch.
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import logging
import os
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import psutil

from qaitar.runtime import parent_watch
from qaitar.runtime.problems import NotReady

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType, TracebackType

_log = logging.getLogger(__name__)

_TICK_SECONDS = 0.1
_WATCH_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ANSWERED_WELL = range(200, 400)


@dataclass(frozen=True, slots=True)
class Program:
    """One child to keep running: its name for messages, its command and its whole environment.

    Without an environment it gets the supervisor's.
    """

    name: str
    command: Sequence[str]
    environ: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Restarts:
    """How a child that died is started again: waits double, and too many deaths end everything."""

    limit: int = 5
    within_seconds: float = 60.0
    first_wait: float = 0.5
    longest_wait: float = 10.0

    def wait(self, deaths: int) -> float:
        """Return the seconds to wait before the next start after so many recent deaths.

        >>> [Restarts().wait(deaths) for deaths in (1, 2, 3, 9)]
        [0.5, 1.0, 2.0, 10.0]
        """
        return float(min(self.longest_wait, self.first_wait * 2 ** (deaths - 1)))


@dataclass(slots=True)
class Deaths:
    """When a child died lately, and from when on it may be started again."""

    start_at: float = 0.0
    _lately: deque[float] = field(default_factory=deque)

    def note(self, restarts: Restarts, now: float) -> float:
        """Count one more death; returns the seconds to wait before the next start."""
        self._lately.append(now)
        while self._lately[0] < now - restarts.within_seconds:
            self._lately.popleft()
        wait = restarts.wait(self.lately)
        self.start_at = now + wait
        return wait

    @property
    def lately(self) -> int:
        """How often it died within the time that counts."""
        return len(self._lately)

    def too_many(self, restarts: Restarts) -> bool:
        """Tell whether it died so often that starting it again is of no use."""
        return self.lately > restarts.limit


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    deaths: Deaths = field(default_factory=Deaths)


class Supervisor:
    """Starts programs, restarts those that die and ends all of them, grandchildren included.

    Start and run it in the main thread: the kernel ties the children to the thread that made them.

    Args:
        programs: what to run; their output goes where the supervisor's goes, unchanged.
        restarts: how often a dead one is started again.
        grace_seconds: how long they may take to end before they are killed.
        watch: called about once a second, e.g. to keep the database running; what it raises ends all.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        restarts: Restarts | None = None,
        grace_seconds: float = 8.0,
        watch: Callable[[], object] | None = None,
    ) -> None:
        self._children = [_Child(program) for program in programs]
        self._restarts = restarts or Restarts()
        self._grace = grace_seconds
        self._watch = watch
        self._warden: subprocess.Popen[bytes] | None = None
        self._signals: list[int] = []

    def add(self, program: Program) -> None:
        """Keep one more program running; it is started with the next look at the children."""
        self._children.append(_Child(program))

    def drop(self, name: str) -> None:
        """End a program, with what it started, and keep it no longer; nothing happens where it does not run."""
        for child in [each for each in self._children if each.program.name == name]:
            self._children.remove(child)
            process = child.process
            if process is None:
                continue
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self._grace)
            parent_watch.end_groups({process.pid}, 1.0)
            process.wait()
            self._strike_out(process.pid)

    def start(self) -> None:
        """Start every program that is not running."""
        if self._warden is None:
            self._warden = subprocess.Popen(  # noqa: S603  # our own script
                [sys.executable, "-I", "-S", str(Path(parent_watch.__file__))],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
        for child in self._children:
            if child.process is None:
                self._spawn(child)

    def run(self) -> int:
        """Keep the programs running until a signal comes; returns 0 then, 1 when one died too often."""
        before = {number: signal.signal(number, self._note_signal) for number in _FORWARDED}
        try:
            self.start()
            watched = time.monotonic()
            while not self._signals:
                if not self._revive():
                    return 1
                if self._watch is not None and time.monotonic() - watched > _WATCH_SECONDS:
                    self._watch()
                    watched = time.monotonic()
                time.sleep(_TICK_SECONDS)
            return 0
        finally:
            self.stop(self._signals[0] if self._signals else signal.SIGTERM)
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End every child and grandchild; returns when none is left, within the grace and a second.

        Each program gets the signal; those that ignore it, and those it left behind, are killed.
        A second signal from outside cuts the grace short.
        """
        running = [child.process for child in self._children if child.process is not None]
        family = [member for process in running for member in _descendants(process.pid)]
        signals_before = len(self._signals)
        until = time.monotonic() + self._grace
        for process in running:
            process.send_signal(number)
        while time.monotonic() < until and len(self._signals) == signals_before:
            if all(process.poll() is not None for process in running):
                break
            time.sleep(_TICK_SECONDS / 5)
        parent_watch.end_groups(
            {process.pid for process in running if process.poll() is not None}, 1.0
        )
        for process in running:
            parent_watch.send(process.pid, signal.SIGKILL)
            process.wait()
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.kill()
        for child in self._children:
            child.process = None
        self._dismiss_warden()

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the programs that run now, by name."""
        return {
            child.program.name: child.process.pid
            for child in self._children
            if child.process is not None and child.process.poll() is None
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _note_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(number)

    def _spawn(self, child: _Child) -> None:
        environ = child.program.environ
        child.process = subprocess.Popen(  # noqa: S603  # commands come from our own program
            list(child.program.command),
            env=None if environ is None else dict(environ),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_Entered(os.getpid(), self._warden),  # noqa: PLW1509  # no thread holds a lock it needs
        )

    def _revive(self) -> bool:
        """Collect the dead and start those whose wait is over; False when one died too often."""
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child, child.process, now)
                if child.deaths.too_many(self._restarts):
                    _log.error(
                        "%s ended %d times within %.0f s: everything is stopped; see its output above.",
                        child.program.name,
                        child.deaths.lately,
                        self._restarts.within_seconds,
                    )
                    return False
            if child.process is None and now >= child.deaths.start_at:
                self._spawn(child)
        return True

    def _bury(self, child: _Child, process: subprocess.Popen[bytes], now: float) -> None:
        parent_watch.send(
            process.pid, signal.SIGKILL
        )  # what it left in its group would hold its port
        self._strike_out(process.pid)
        child.process = None
        wait = child.deaths.note(self._restarts, now)
        _log.warning(
            "%s ended with code %s; it is started again in %.1f s.",
            child.program.name,
            process.returncode,
            wait,
        )

    def _strike_out(self, group: int) -> None:
        """Let the parent watch forget a group that has ended."""
        if self._warden is not None and self._warden.stdin is not None:
            with contextlib.suppress(
                BrokenPipeError
            ):  # killed on its own: the kernel's way remains
                self._warden.stdin.write(f"-{group}\n".encode())
                self._warden.stdin.flush()

    def _dismiss_warden(self) -> None:
        if self._warden is None:
            return
        self._warden.kill()  # nothing is left for it to end
        if self._warden.stdin is not None:
            self._warden.stdin.close()
        self._warden.wait()
        self._warden = None


def wait_ready(url: str, seconds: float, alive: Callable[[], bool] = lambda: True) -> None:
    """Wait until the address answers with a status below 400.

    Args:
        url: a plain `http://` address of this machine.
        seconds: how long to wait.
        alive: tells whether the program that should answer still runs.

    Raises:
        NotReady: it did not in time, or its program is gone.
    """
    until = time.monotonic() + seconds
    while True:
        last = _ask(url)
        if last in _ANSWERED_WELL:
            return
        answer = f"its last answer was {last}" if last else "nothing answers there"
        if not alive():
            raise NotReady(f"The program behind {url} has ended; see its output above.")
        if time.monotonic() > until:
            raise NotReady(
                f"{url} was not ready within {seconds:.0f} s ({answer}): see the output above."
            )
        time.sleep(_TICK_SECONDS / 2)


def _ask(url: str) -> int:
    """Return the status the address answers with; 0 when nothing answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=2)
    try:
        connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _descendants(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


class DiesWith:
    """Makes the child, before it becomes its program, end when the supervisor is gone."""

    def __init__(self, parent: int) -> None:
        self._parent = parent

    def __call__(self) -> None:
        """Ask the kernel for the end with the parent; end at once where it is gone already."""
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != self._parent:  # it was gone before we asked
            os._exit(1)


class _Entered:
    """Makes the child, before it becomes its program, enter itself with the parent watch, and end with the supervisor.

    The child itself, not the supervisor once it has it: one killed in between would leave what nobody knows of.
    """

    def __init__(self, parent: int, warden_run: subprocess.Popen[bytes] | None) -> None:
        self._dies = DiesWith(parent)
        self._pipe = warden_run.stdin.fileno() if warden_run and warden_run.stdin else None

    def __call__(self) -> None:
        """Write one line into the supervisor's pipe, which closes with the start of the program."""
        if self._pipe is not None:
            before = signal.signal(
                signal.SIGPIPE, signal.SIG_IGN
            )  # the parent watch may have been killed
            with contextlib.suppress(BrokenPipeError):
                os.write(self._pipe, f"+{os.getpid()}\n".encode())
            signal.signal(signal.SIGPIPE, before)
        self._dies()
