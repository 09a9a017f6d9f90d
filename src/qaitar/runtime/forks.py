"""Runs several parts of a program as forks of one process that has loaded all of it, so that they share its memory.

The process that loads does nothing else: it forks, waits, forks again what died, and ends all of them when it is told to.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn

from qaitar.runtime import parent_watch
from qaitar.runtime.processes import Deaths, DiesWith, Restarts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

_log = logging.getLogger(__name__)
_TICK_SECONDS: Final = 0.1
_FORWARDED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_FAILED: Final = 70  # EX_SOFTWARE


@dataclass(slots=True)
class _Part:
    name: str
    work: Callable[[], object]
    pid: int = 0
    deaths: Deaths = field(default_factory=Deaths)


class Forks:
    """Keeps the parts running until a signal comes.

    Call it in the main thread of a process without other threads and without open connections: a fork has neither.

    Args:
        parts: name → what the fork does; the fork ends with it.
        restarts: how often a dead part is started again; one that dies too often ends all.
        grace_seconds: how long parts may take to end before they are killed.
    """

    def __init__(
        self,
        parts: Mapping[str, Callable[[], object]],
        *,
        restarts: Restarts | None = None,
        grace_seconds: float = 7.0,
    ) -> None:
        self._parts = [_Part(name, work) for name, work in parts.items()]
        self._restarts = restarts or Restarts()
        self._grace = grace_seconds
        self._signals: list[int] = []

    def run(self) -> int:
        """Fork the parts and keep them running; returns 0 after a signal, 1 when one died too often."""
        before = {number: signal.signal(number, self._note_signal) for number in _FORWARDED}
        try:
            while not self._signals:
                if not self._revive():
                    return 1
                time.sleep(_TICK_SECONDS)
            return 0
        finally:
            self._end()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(number)

    def _revive(self) -> bool:
        now = time.monotonic()
        for part in self._parts:
            if part.pid and (code := _collected(part.pid)) is not None:
                self._bury(part, code, now)
                if part.deaths.too_many(self._restarts):
                    _log.error("%s ended too often: everything is stopped.", part.name)
                    return False
            if not part.pid and now >= part.deaths.start_at:
                part.pid = _fork(part)
        return True

    def _bury(self, part: _Part, code: int, now: float) -> None:
        parent_watch.send(part.pid, signal.SIGKILL)  # what it left behind would hold its port
        part.pid = 0
        wait = part.deaths.note(self._restarts, now)
        _log.warning("%s ended with code %s; it is started again in %.1f s.", part.name, code, wait)

    def _end(self) -> None:
        running = [part for part in self._parts if part.pid]
        for part in running:
            _send(part.pid, signal.SIGTERM)
        until = time.monotonic() + self._grace
        while running and time.monotonic() < until:
            running = [part for part in running if _collected(part.pid) is None]
            time.sleep(_TICK_SECONDS / 5)
        for part in self._parts:
            if part.pid:
                parent_watch.send(part.pid, signal.SIGKILL)
        for part in running:
            os.waitpid(part.pid, 0)
        for part in self._parts:
            part.pid = 0


def _collected(pid: int) -> int | None:
    """Give the exit code of a child that has ended, as the shell counts it; None while it runs."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _fork(part: _Part) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _be(part, parent)
    return pid


def _be(part: _Part, parent: int) -> NoReturn:
    """Be the part: end with the parent, with its own signals, and never return into the parent's code."""
    code = _FAILED
    os.setpgid(0, 0)  # a group of its own: all that it starts can be ended with it
    try:
        for number in _FORWARDED:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, _leave)
        DiesWith(parent)()
        part.work()
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 0
    except BaseException:  # noqa: BLE001  nothing may return into the parent
        _log.exception("%s failed", part.name)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)  # all that it started goes with it
        os._exit(code)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
