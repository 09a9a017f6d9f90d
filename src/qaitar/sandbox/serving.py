"""Serves a stand-in on a loopback port from a thread, with faults a real network has."""

from __future__ import annotations

import ssl
import threading
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Self
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

from typing_extensions import override

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_STOP_POLL_S = 0.02  # how soon `stop` is noticed; the default half second is felt in every test


class Dropped(Exception):
    """Raised by a stand-in to cut the connection without an answer (after or before it executed)."""


class _Handler(ServerHandler):
    @override
    def handle_error(self) -> None:
        """Say nothing: the connection simply ends, as when a machine dies."""

    @override
    def log_exception(self, exc_info: Any) -> None:
        if exc_info[0] is not Dropped:
            super().log_exception(exc_info)


class _RequestHandler(WSGIRequestHandler):
    @override
    def handle(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            return
        handler = _Handler(
            self.rfile,
            self.wfile,  # type: ignore[arg-type]  # a socket's file is bytes, wsgiref's stub says IO
            self.get_stderr(),
            self.get_environ() | ({"HTTPS": "on"} if self._tls() else {}),
            multithread=True,
        )
        handler.request_handler = self  # type: ignore[attr-defined]  # wsgiref's own protocol for logging
        handler.run(self.server.get_app())  # type: ignore[attr-defined]  # WSGIServer, typed as BaseServer

    def _tls(self) -> bool:
        return isinstance(self.connection, ssl.SSLSocket)

    @override
    def log_message(self, *_: Any) -> None:
        return


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Serving:
    """Runs one WSGI stand-in on a loopback port, or at the `host` given; use as a context manager, `url` tells where.

    Port 0 takes a free one.  A stand-in raising `Dropped` cuts its connection.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        """Bind the port, with TLS if a context is given; nothing is served before `start`."""
        self._server = _Server((host, port), _RequestHandler)
        self._server.set_app(app)
        if tls is not None:  # the handshake waits for the request's own thread
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_STOP_POLL_S,), daemon=True
        )
        self.url = f"{'https' if tls else 'http'}://{host}:{self._server.server_port}"

    def start(self) -> Self:
        """Serve from a background thread until `stop`."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
