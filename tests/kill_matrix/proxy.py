"""A TCP proxy before each outside system, which cuts the connection it was told to; one connection is one call."""

from __future__ import annotations

import contextlib
import itertools
import random
import re
import socket
import struct
import threading
from typing import Final

from tests.kill_matrix.deaths import Death

_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER of nought: closing resets
_CHUNK: Final = 65_536
_SHORT_S: Final = 10.0
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_CHUNKED: Final = b"transfer-encoding: chunked"
_GATEWAY: Final = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 38\r\nConnection: close\r\n\r\n"
    b"<html><h1>502 Bad Gateway</h1></html>\r\n"
)


class Wire:
    """Counts the connections of all proxies of one lane, and knows which one is to be cut, and how."""

    def __init__(self) -> None:
        """Cut nothing."""
        self._numbers = itertools.count()
        self._cut: tuple[int, Death] | None = None
        self._dice = random.Random(0)
        self.met = False

    def cut(self, number: int, death: Death, dice: random.Random) -> None:
        """From now on, count anew and cut the connection of this number."""
        self._numbers, self._cut, self._dice, self.met = (
            itertools.count(),
            (number, death),
            dice,
            False,
        )

    def still(self) -> None:
        """Cut nothing any more."""
        self._cut = None

    def next_death(self) -> Death | None:
        """Tell what becomes of the connection just made."""
        number = next(self._numbers)
        if self._cut is None or self._cut[0] != number:
            return None
        self.met = True
        return self._cut[1]

    def spoilt(self, answer: bytes) -> bytes:
        """Make of an answer what a broken way makes of it."""
        half = answer[: len(answer) // 2]
        return self._dice.choice((_GATEWAY, half, b""))


class Proxy:
    """One listening address that leads to another, over the lane's wire."""

    def __init__(self, wire: Wire, host: str, port: int) -> None:
        """Listen; the threads end with the process."""
        self._wire, self._to = wire, (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            ours, _ = self._listener.accept()
            threading.Thread(target=self._carry, args=(ours,), daemon=True).start()

    def _carry(self, ours: socket.socket) -> None:
        death = self._wire.next_death()
        ours.settimeout(_SHORT_S)
        with ours, contextlib.suppress(OSError):
            if death is Death.CUT_BEFORE:
                ours.recv(_CHUNK)
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                return
            with socket.create_connection(self._to, _SHORT_S) as theirs:
                if death is None:
                    threading.Thread(target=_pass_on, args=(ours, theirs), daemon=True).start()
                    _pass_on(theirs, ours)
                    return
                theirs.sendall(
                    _request(ours)
                )  # in this thread alone: a reset waits for whoever reads
                answer = _whole(theirs)
            if death is Death.CUT_AFTER:
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            else:
                ours.sendall(self._wire.spoilt(answer))


def _pass_on(source: socket.socket, to: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(_CHUNK):
            to.sendall(part)
        to.shutdown(socket.SHUT_WR)


def _request(source: socket.socket) -> bytes:
    """Read one whole request; those of our clients tell their length or come in chunks."""
    read = b""
    while b"\r\n\r\n" not in read:
        read += source.recv(_CHUNK)
    head = read.partition(b"\r\n\r\n")[0]
    length = _LENGTH.search(head)
    ends_at = len(head) + 4 + (int(length[1]) if length else 0)
    while len(read) < ends_at or (_CHUNKED in head.lower() and not read.endswith(b"0\r\n\r\n")):
        read += source.recv(_CHUNK)
    return read


def _whole(source: socket.socket) -> bytes:
    parts = []
    with contextlib.suppress(OSError):
        while part := source.recv(_CHUNK):
            parts.append(part)
    return b"".join(parts)
