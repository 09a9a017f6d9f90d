"""A process with everything loaded and nothing else: no thread, no connection.  It forks the processes that die.

The lane that orders them holds threads and sockets, which a fork must not inherit.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import select
import signal
import socket
import struct
import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from qaitar.runtime.processes import DiesWith
from tests.kill_matrix.orders import Order, be, load_whole

if TYPE_CHECKING:
    from pathlib import Path

_SIZE: Final = struct.Struct("!I")
LONGEST_S: Final = 60.0
_FAILED: Final = 70  # EX_SOFTWARE


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit code (-9 when killed), what it told, what it said."""

    code: int
    reported: dict[str, Any]
    stated: str = ""


class Zygote:
    """Forks what is ordered; `port` is where a web process listens."""

    def __init__(self, folder: Path) -> None:
        """Fork the zygote; call it before anything is opened.  What its children tell goes through `folder`."""
        self._folder = folder
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._line, theirs = socket.socketpair()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            self._line.close()
            DiesWith(parent)()
            _wait_for_orders(theirs, self._listener, folder)
        theirs.close()
        self._listener.close()

    def start(self, order: Order) -> int:
        """Start a process and return its id."""
        _send(self._line, order)
        pid: int = _receive(self._line)
        return pid

    def ended(self, pid: int, *, kill_after_s: float = LONGEST_S) -> Ended:
        """Wait for the end of a process; one that takes too long is killed."""
        _send(self._line, (pid, kill_after_s))
        code: int = _receive(self._line)
        reported: dict[str, Any] = {}
        path = self._folder / str(pid)
        if path.exists():
            reported = pickle.loads(path.read_bytes())
            path.unlink()
        stated = self._folder / f"{pid}.said"
        words = stated.read_text(errors="replace") if stated.exists() else ""
        stated.unlink(missing_ok=True)
        return Ended(code, reported, words)

    def run(self, order: Order) -> Ended:
        """Start a process and wait for its end."""
        return self.ended(self.start(order))

    def close(self) -> None:
        """End the zygote."""
        self._line.close()
        os.waitpid(self.pid, 0)


def _send(line: socket.socket, what: Any) -> None:
    body = pickle.dumps(what)
    line.sendall(_SIZE.pack(len(body)) + body)


def _receive(line: socket.socket) -> Any:
    (size,) = _SIZE.unpack(_exactly(line, _SIZE.size))
    return pickle.loads(_exactly(line, size))


def _exactly(line: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        part = line.recv(size - len(read))
        if not part:
            raise EOFError
        read += part
    return read


def _wait_for_orders(line: socket.socket, listener: socket.socket, folder: Path) -> NoReturn:
    load_whole()
    gc.collect()
    gc.freeze()
    with contextlib.suppress(EOFError):
        while True:
            requested = _receive(line)
            if isinstance(requested, Order):
                _send(line, _fork(requested, line, listener, folder))
            else:
                _send(line, _code(*requested))
    os._exit(0)


def _fork(order: Order, line: socket.socket, listener: socket.socket, folder: Path) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = _FAILED
    try:
        DiesWith(parent)()
        line.close()
        stated = os.open(folder / f"{os.getpid()}.said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(stated, 1)
        os.dup2(stated, 2)
        reported = be(order, listener)
        half = folder / f"{os.getpid()}.half"
        half.write_bytes(pickle.dumps(reported))
        half.rename(folder / str(os.getpid()))  # whole or not at all: it may be killed just now
        code = 0
    except BaseException:  # noqa: BLE001  nothing may return into the parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _code(pid: int, kill_after_s: float) -> int:
    ends = os.pidfd_open(pid)
    try:
        if not select.select([ends], [], [], kill_after_s)[0]:
            os.kill(pid, signal.SIGKILL)
    finally:
        os.close(ends)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
