"""Does a thing in a fork of this process, with a limit of time, and leaves nothing of it running."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def in_fork(what: Callable[[], Any], *, seconds: float) -> Any:
    """Return what it says, or `killed: …` when it raises; None when it fell or took too long."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            stated = what()
        except BaseException as error:  # noqa: BLE001  whatever a mutant throws about
            stated = f"killed: {type(error).__name__}"
        reported = pickle.dumps(stated)
        # The length goes first: a process that a test left behind may keep the pipe open.
        with open(writes, "wb", closefd=False) as pipe:
            pipe.write(struct.pack("!Q", len(reported)) + reported)
        os._exit(0)
    os.close(writes)
    try:
        return _reported(reads, child, seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reads)


def _reported(reads: int, child: int, seconds: float) -> Any:
    def end(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        with open(reads, "rb", closefd=False) as pipe:
            head = pipe.read(8)
            if len(head) < 8:
                return None
            reported = pipe.read(struct.unpack("!Q", head)[0])
        return pickle.loads(reported)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
