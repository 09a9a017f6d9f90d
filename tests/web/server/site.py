"""The real web process behind a port of this machine, and clients that speak HTTP badly, slowly or too much."""

from __future__ import annotations

import os
import re
import socket
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest import mock
from uuid import uuid4

import psutil
from django.conf import settings
from django.db import transaction
from django.test import Client, override_settings

from qaitar.cli.web import command_line
from qaitar.foundation.ops.clock import utc_now
from qaitar.kernel.roles import Role
from qaitar.lab.bench.full_case_shop import serving
from qaitar.runtime.database import handed_on
from qaitar.runtime.ports import LOOPBACK, pick_port
from tests.factories.accounts import actor, make_person, make_shop, make_token
from tests.factories.returns import make_case
from tests.web.url_matrix import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qaitar.runtime.addresses import DatabaseAddresses

ANONYMOUS_MAX: Final = 65_536
BODY_SECONDS: Final = 4
SECRET: Final = "a-session-key-of-tests-that-is-long-enough-to-be-one"
TIMEOUT_S: Final = 30.0


@dataclass(frozen=True)
class Site:
    """A running web process with one shop, its owner's session and token, and a case that takes files."""

    port: int
    health_port: int
    program: psutil.Process
    temporary: Path
    session: str
    token: str
    store: str
    case: str

    @property
    def signed_in(self) -> str:
        return f"Cookie: {settings.SESSION_COOKIE_NAME}={self.session}\r\n"

    @property
    def with_token(self) -> str:
        return f"Authorization: Bearer {self.token}\r\n"

    def files_open(self) -> list[str]:
        """Name what the server's processes hold open or left in the folder for temporary files."""
        left = [str(path) for path in self.temporary.iterdir()]
        for process in [self.program, *self.program.children(recursive=True)]:
            for link in Path(f"/proc/{process.pid}/fd").iterdir():
                with suppress(FileNotFoundError):
                    target = str(link.readlink())
                    left += [target] if target.startswith(str(self.temporary)) else []
        return left


@contextmanager
def site(database: DatabaseAddresses, folder: Path, workers: int = 2) -> Iterator[Site]:
    """Serve; bodies have `BODY_SECONDS` here."""
    with transaction.atomic():
        now = utc_now()
        shop = make_shop(now=now)
        person = make_person(f"saule{now.timestamp()}", (shop.id, Role.OWNER), now=now)
        token = make_token(person, "read", "write", "intake", now=now)
        case = make_case(shop, actor(person, shop.id), now=now)
    with override_settings(SECRET_KEY=SECRET):
        browser = Client()
        browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    temporary, health_port = folder / "temporary", pick_port()
    temporary.mkdir()
    environ = {
        **handed_on(database),
        "QAITAR_DATA": str(folder / "data"),
        "QAITAR_SECRET_KEY": SECRET,
        "QAITAR_ENCRYPTION_KEY": "a-key-of-tests-that-is-long-enough-to-be-one",
        "QAITAR_BODY_SECONDS": str(BODY_SECONDS),
        "QAITAR_HEALTH_PORT": str(health_port),
        "TMPDIR": str(temporary),
    }

    def line(host: str, port: int) -> list[str]:
        return command_line(host, port, workers)

    (folder / "data").mkdir()
    with mock.patch.dict(os.environ, environ), serving(line, folder) as served:
        yield Site(
            served.port,
            health_port,
            served.program,
            temporary,
            session,
            token,
            str(shop.store.pk),
            str(case.pk),
        )


def connect(port: int) -> socket.socket:
    line = socket.create_connection((LOOPBACK, port))
    line.settimeout(TIMEOUT_S)
    return line


def head(method: str, path: str, headers: str = "", length: int | None = None) -> bytes:
    stated = "" if length is None else f"Content-Length: {length}\r\n"
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}{stated}\r\n".encode()


def answer_of(line: socket.socket) -> tuple[int, bytes]:
    """Read one answer: its status and all of its bytes; 0 when the server says nothing and closes."""
    got = b""
    while True:
        first, ended, body = got.partition(b"\r\n\r\n")
        if ended:
            lengths = [
                int(each.partition(b":")[2])
                for each in first.split(b"\r\n")
                if each.lower().startswith(b"content-length:")
            ]
            if lengths and len(body) >= lengths[0]:
                break
        part = line.recv(262_144)
        if not part:
            break
        got += part
    return (int(got.split(b" ", 2)[1]) if got.startswith(b"HTTP/") else 0), got


def ask(port: int, sent: bytes) -> tuple[int, bytes]:
    """Send bytes over a connection of their own and read the answer."""
    with connect(port) as line:
        line.sendall(sent)
        return answer_of(line)


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


def send_until_refused(line: socket.socket, piece: bytes, times: int) -> int:
    """Send a piece again and again until the server cuts us off; return how many bytes it let us send."""
    sent = 0
    for _ in range(times):
        try:
            line.sendall(piece)
        except OSError:
            break
        sent += len(piece)
    return sent


def body_addresses() -> list[str]:
    """List every address of the program: any of them may be sent a body."""
    values = {"uuid": str(uuid4()), "int": "1"}

    def value(found: re.Match[str]) -> str:
        return values.get(found[1] or "", "x")

    paths = []
    for address in addresses():
        route = re.sub(r"\(\?P<\w+>.*\)", "x", address.route.replace("\\Z", "").strip("^$"))
        paths.append("/" + re.sub(r"<(?:(\w+):)?\w+>", value, route))
    return paths


class SlowBodies:
    """Connections that each announce a body and send one byte of it."""

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        self._lines = [connect(port) for _ in requests]
        for line, request in zip(self._lines, requests, strict=True):
            line.sendall(request + b"x")

    def drip(self) -> None:
        """Send one more byte over each."""
        for line in self._lines:
            line.sendall(b"x")

    def statuses(self) -> list[int]:
        """Wait for what the server answers to each."""
        return [answer_of(line)[0] for line in self._lines]

    def close(self) -> None:
        for line in self._lines:
            line.close()


def seconds_of(port: int, request: bytes, times: int) -> list[float]:
    """Ask again and again; return how long each answer took, failing on anything but 200."""
    seen = []
    for _ in range(times):
        began = time.perf_counter()
        status, got = ask(port, request)
        assert status == 200, got[:300]
        seen.append(time.perf_counter() - began)
    return seen
