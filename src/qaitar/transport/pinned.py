"""One POST to one vetted address: no second name look-up, no redirect, a deadline over everything."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpcore
from typing_extensions import override

from qaitar.transport.http import NoAnswer, NotSent, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONNECT_MAX_S = 5.0
DEADLINE_S = 20.0
ANSWER_MAX_BYTES = 64 * 1024
USER_AGENT = "Qaitar-Webhooks/1.0"
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes: `host` for the certificate and the Host header, `ip` for the connection.

    `path` starts with a slash and carries the query.
    """

    scheme: str
    host: str
    ip: str
    port: int
    path: str = "/"

    @property
    def authority(self) -> str:
        """The value of the Host header.

        >>> Target("https", "shop.kz", "203.0.113.5", 8443).authority
        'shop.kz:8443'
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if _DEFAULT_PORTS[self.scheme] == self.port else f"{host}:{self.port}"


def deliver(
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
    *,
    deadline_s: float = DEADLINE_S,
    trust: ssl.SSLContext | None = None,
) -> Reply:
    """POST the body to the vetted address and return the answer, whatever its status.

    The connection goes to `target.ip`; the certificate is checked against `target.host`.  Redirects
    are answers like any other.  The whole exchange ends within `deadline_s`, however slowly the other
    side drips; an answer body is cut at 64 KiB.  `trust` replaces the system's certificate authorities.

    Raises:
        NotSent: nothing was executed (refused, unreachable, wrong certificate).
        NoAnswer: it may have been executed.
    """
    backend = _Pinned(target.ip, time.monotonic() + deadline_s)
    sent = {"Host": target.authority, "User-Agent": USER_AGENT, **headers}
    try:
        with (
            httpcore.ConnectionPool(
                ssl_context=trust or ssl.create_default_context(),
                network_backend=backend,
                max_connections=1,
                retries=0,
            ) as pool,
            pool.stream(
                "POST",
                httpcore.URL(
                    scheme=target.scheme, host=target.host, port=target.port, target=target.path
                ),
                headers=[(name.encode(), value.encode()) for name, value in sent.items()],
                content=body,
                extensions={"timeout": {"connect": CONNECT_MAX_S, "read": deadline_s}},
            ) as answer,
        ):
            return Reply(answer.status, _plain(answer.headers), _capped(answer.iter_stream()))
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}") from error


def _plain(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


def _capped(parts: Iterable[bytes]) -> bytes:
    """Read up to the limit and leave the rest: an answer to a webhook is only looked at by people."""
    read = b""
    for part in parts:
        read += part
        if len(read) >= ANSWER_MAX_BYTES:
            break
    return read[:ANSWER_MAX_BYTES]


class _Pinned(httpcore.NetworkBackend):
    """Connects to the one address, whatever name is asked for; nothing lives past the deadline."""

    def __init__(self, ip: str, ends_at: float) -> None:
        self._ip = ip
        self._ends_at = ends_at
        self._real = httpcore.SyncBackend()

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._real.connect_tcp(
            self._ip, port, timeout=_left(self._ends_at, timeout, httpcore.ConnectTimeout)
        )
        return _Hurried(stream, self._ends_at)

    @override
    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("only the vetted address may be connected to")


class _Hurried(httpcore.NetworkStream):
    """A stream whose every wait is cut to what is left until the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, ends_at: float) -> None:
        self._stream = stream
        self._ends_at = ends_at

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._ends_at, timeout, httpcore.ReadTimeout))

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._ends_at, timeout, httpcore.WriteTimeout))

    @override
    def close(self) -> None:
        self._stream.close()

    @override
    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._ends_at, timeout, httpcore.ConnectTimeout)
        return _Hurried(self._stream.start_tls(ssl_context, server_hostname, left), self._ends_at)

    @override
    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(ends_at: float, wanted: float | None, too_late: type[httpcore.TimeoutException]) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise too_late("the deadline has passed")
    return left if wanted is None else min(left, wanted)
