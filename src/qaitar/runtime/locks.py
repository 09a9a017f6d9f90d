"""Locks between processes that the kernel takes back when their holder dies, even by kill -9."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING

from qaitar.runtime.problems import AlreadyRunning, DatabaseProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PAUSE_SECONDS = 0.02
_NOTE_BYTES = 4096


class Presence:
    """Counts the processes that use something: each holds one shared lock on the same file.

    While anybody is present nobody can be `alone`, and while somebody is alone newcomers wait, so a
    server is never stopped under one who has just joined.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object counts as present."""
        return self._handle is not None

    def enter(self, patience: float) -> None:
        """Become present; waits up to `patience` seconds for one who is alone to finish."""
        if self._handle is None:
            self._handle = _locked(self._path, fcntl.LOCK_SH, patience)
            # A program this process turns into (exec) goes on using the server, so it stays present.
            os.set_inheritable(self._handle, True)  # noqa: FBT003  # takes no keyword

    @contextlib.contextmanager
    def leave(self) -> Iterator[bool]:
        """Stop being present; inside the block the value tells whether nobody else is."""
        handle, self._handle = self._handle, None
        if handle is None:
            yield False
            return
        try:
            yield _try(handle, fcntl.LOCK_EX)
        finally:
            os.close(handle)


@contextlib.contextmanager
def exclusive(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock alone for the block; waits up to `patience` seconds for its holder.

    Raises:
        DatabaseProblem: the holder kept it longer.
    """
    handle = _locked(path, fcntl.LOCK_EX, patience)
    try:
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def sole_holder(path: Path, note: str) -> Iterator[None]:
    """Hold the lock alone for the block, or refuse at once; `note` says who holds it.

    Raises:
        AlreadyRunning: another living process holds it; its text is that process's note.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _try(handle, fcntl.LOCK_EX):
            raise AlreadyRunning(os.pread(handle, _NOTE_BYTES, 0).decode(errors="replace"))
        os.ftruncate(handle, 0)
        os.pwrite(handle, note.encode(), 0)
        yield
    finally:
        os.close(handle)


def _locked(path: Path, kind: int, patience: float) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + patience
    while not _try(handle, kind):
        if time.monotonic() > until:
            os.close(handle)
            raise DatabaseProblem(
                f"Another process has held {path} for more than {patience:.0f} s: end the qaitar "
                "command that hangs and try again."
            )
        time.sleep(_PAUSE_SECONDS)
    return handle


def _try(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
