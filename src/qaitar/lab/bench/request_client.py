"""The client of `bench requests`, a process of its own: sends one request again and again over a few open connections.

Started as `python -m qaitar.lab.bench.request_client`; reads its task as JSON from standard input, writes seconds of each
answer as JSON.  A connection sends its next request when the answer to the last is there whole.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import sys
import time
from dataclasses import dataclass
from typing import Any, Final

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STATUS: Final = re.compile(rb"HTTP/1\.1 (\d{3})")
_END: Final = b"\r\n\r\n"


@dataclass(slots=True)
class _Line:
    socket: socket.socket
    sent_at: float = 0.0
    got: bytes = b""


def play(task: dict[str, Any]) -> list[float]:
    """Send for so many seconds; return how long each answer took.

    Raises:
        ValueError: an answer had another status than the task says.
    """
    request = task["request"].encode("latin-1")
    seen: list[float] = []
    with selectors.DefaultSelector() as selector:
        for _ in range(task["connections"]):
            line = _Line(socket.create_connection((task["host"], task["port"])))
            selector.register(line.socket, selectors.EVENT_READ, line)
            _send(line, request)
        until = time.perf_counter() + task["seconds"]
        while time.perf_counter() < until:
            for key, _events in selector.select(1):
                if _answered(key.data, task["status"]):
                    seen.append(time.perf_counter() - key.data.sent_at)
                    _send(key.data, request)
    return seen


def _send(line: _Line, request: bytes) -> None:
    line.got, line.sent_at = b"", time.perf_counter()
    line.socket.sendall(request)


def _answered(line: _Line, status: int) -> bool:
    """Take what has come; tell whether it is a whole answer."""
    part = line.socket.recv(262_144)
    if not part:
        raise ValueError("the server closed the connection")
    line.got += part
    head, ended, body = line.got.partition(_END)
    length = _LENGTH.search(head)
    if not ended or length is None or len(body) < int(length[1]):
        return False
    found = _STATUS.match(head)
    if found is None or int(found[1]) != status:
        raise ValueError(head.decode("latin-1"))
    return True


if __name__ == "__main__":
    print(json.dumps(play(json.load(sys.stdin))))  # noqa: T201  its one output
