"""Answers `/healthz`, `/readyz` and `/metrics` on threads of their own, and on a port of their own where one is set."""

from __future__ import annotations

import asyncio
import http.server
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from qaitar.web.server.answer import ServerAnswer

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from qaitar.web.server.environ import Scope

REPORT_SECONDS: Final = 1.0
"""How long an answer is given again: asking often costs nothing."""
CLIENT_SECONDS: Final = 5.0
CLIENTS_MAX: Final = 16
ALIVE: Final = "/healthz"
METRICS: Final = "/metrics"


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What one of the addresses says."""

    status: int
    content_type: str
    content: bytes


_ALIVE: Final = HealthReport(200, "text/plain; charset=utf-8", b"ok\n")
_NOT_HERE: Final = HealthReport(
    404, "text/plain; charset=utf-8", b"asked for at the port for health\n"
)
_LATE: Final = HealthReport(
    503, "application/json", b'{"ready": false, "checks": {"answer": "too late"}}\n'
)


class Monitor:
    """The three addresses of one worker; `reports` makes what is slower than saying that the process is there.

    Args:
        reports: address → what makes its report, called in a thread that does nothing else.
        listener: a listening socket all workers share, or None; with one `/metrics` is answered there alone.
    """

    def __init__(
        self,
        reports: Mapping[str, Callable[[], HealthReport]],
        listener: socket.socket | None = None,
    ) -> None:
        self._reports = {path: _SharedReport(make) for path, make in reports.items()}
        self._listener = listener
        self._port: _PortServer | None = None

    def start(self) -> None:
        """Begin, in the worker."""
        for report in self._reports.values():
            report.start()
        if self._listener is not None:
            self._port = _PortServer(self._listener, self.report)
            self._port.begin()

    def stop(self) -> None:
        """End with the worker."""
        if self._port is not None:
            self._port.end()
        for report in self._reports.values():
            report.stop()

    def answers(self, scope: Scope) -> bool:
        """Tell whether a request is for one of the addresses."""
        path = scope["path"]
        known = path == ALIVE or path in self._reports
        return known and scope["method"] in {"GET", "HEAD"}

    async def answer(self, scope: Scope) -> ServerAnswer:
        """Answer at the common port; the body of a request is not looked at."""
        path = scope["path"]
        if path == ALIVE:
            return _answer(_ALIVE)
        if path == METRICS and self._listener is not None:
            return _answer(_NOT_HERE)
        try:
            async with asyncio.timeout(CLIENT_SECONDS):
                return _answer(await asyncio.wrap_future(self._reports[path].future()))
        except TimeoutError:
            return _answer(_LATE)

    def report(self, path: str) -> HealthReport | None:
        """Return a report, waiting for it in this thread; None for another address."""
        if path == ALIVE:
            return _ALIVE
        if path not in self._reports:
            return None
        try:
            return self._reports[path].future().result(CLIENT_SECONDS)
        except TimeoutError:
            return _LATE


class _SharedReport:
    """A report made by a thread of its own, at most once a second, and given to all who ask meanwhile."""

    def __init__(self, make: Callable[[], HealthReport]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._thread: ThreadPoolExecutor | None = None
        self._last: Future[HealthReport] | None = None
        self._until = 0.0

    def start(self) -> None:
        self._thread = ThreadPoolExecutor(1, "health")

    def stop(self) -> None:
        assert self._thread is not None
        self._thread.shutdown(wait=False, cancel_futures=True)

    def future(self) -> Future[HealthReport]:
        """Return the report that is being made or still fresh, or begin a new one."""
        assert self._thread is not None
        with self._lock:
            if self._last is None or (self._last.done() and time.monotonic() >= self._until):
                self._last = self._thread.submit(self._made)
            return self._last

    def _made(self) -> HealthReport:
        report = self._make()
        self._until = time.monotonic() + REPORT_SECONDS
        return report


def _answer(report: HealthReport) -> ServerAnswer:
    headers = (
        (b"Content-Type", report.content_type.encode()),
        (b"Cache-Control", b"no-store"),
        (b"X-Content-Type-Options", b"nosniff"),
    )
    return ServerAnswer(report.status, headers, report.content)


class _PortServer(http.server.HTTPServer):
    """Answers at the port for health, a thread a client, few at a time and each for a short time."""

    def __init__(
        self, listener: socket.socket, report: Callable[[str], HealthReport | None]
    ) -> None:
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.report = report
        self._room = threading.BoundedSemaphore(CLIENTS_MAX)

    def begin(self) -> None:
        """Serve until `end`."""
        threading.Thread(target=self.serve_forever, name="health-port", daemon=True).start()

    def end(self) -> None:
        """Stop serving; the socket stays open for the other workers."""
        self.shutdown()

    @override
    def process_request(self, request: Any, client_address: Any) -> None:
        """Hand a connection to a thread, or close it when too many are served."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        threading.Thread(target=self._serve, args=(request, client_address), daemon=True).start()

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            pass  # the client is gone
        finally:
            self.shutdown_request(request)
            self._room.release()


class _Handler(http.server.BaseHTTPRequestHandler):
    timeout = CLIENT_SECONDS
    server: _PortServer

    def do_GET(self) -> None:
        """Answer with a report."""
        report = self.server.report(self.path.partition("?")[0])
        if report is None:
            self.send_error(404)
            return
        self.send_response(report.status)
        self.send_header("Content-Type", report.content_type)
        self.send_header("Content-Length", str(len(report.content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(report.content)

    do_HEAD = do_GET  # noqa: N815  the base class looks for this name

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing: whoever watches asks all the time."""
