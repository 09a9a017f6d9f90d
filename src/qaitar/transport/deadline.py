"""Network streams that end at a deadline, however slowly the other side drips."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpcore
from typing_extensions import override

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable


class Deadline:
    """When the exchange under way has to be over; set anew for each exchange of a client."""

    def __init__(self) -> None:
        self._ends_at = float("inf")

    def set(self, seconds: float) -> None:
        """Let the exchange that begins now end within so many seconds."""
        self._ends_at = time.monotonic() + seconds

    def left(self, wanted: float | None, too_late: type[httpcore.TimeoutException]) -> float | None:
        """Return the seconds one wait may take: what is wanted, at most what is left; None without any limit.

        Raises:
            too_late: the deadline has passed.
        """
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise too_late("the deadline has passed")
        if left == float("inf"):
            return wanted
        return left if wanted is None else min(left, wanted)


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens TCP connections whose every wait is cut to what is left until the deadline."""

    def __init__(self, deadline: Deadline, *, only_ip: str | None = None) -> None:
        """With `only_ip` every connection goes to that address, whatever name is asked for."""
        self._deadline = deadline
        self._only_ip = only_ip
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
        wait = self._deadline.left(timeout, httpcore.ConnectTimeout)
        stream = self._real.connect_tcp(self._only_ip or host, port, timeout=wait)
        return _DeadlineStream(stream, self._deadline)

    @override
    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("only TCP connections may be made")


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout, httpcore.ReadTimeout))

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout, httpcore.WriteTimeout))

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
        wait = self._deadline.left(timeout, httpcore.ConnectTimeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, wait)
        return _DeadlineStream(stream, self._deadline)

    @override
    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
