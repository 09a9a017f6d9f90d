"""The web server: loads the program once, then forks its workers, which share what was loaded (ADR 0016).

Started by the command line as `python -m qaitar.config.serving HOST PORT WORKERS`; with `--jobs` the job worker is
forked from the same process (ADR 0017).
"""

from __future__ import annotations

import argparse
import resource
import socket
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connections
from django.urls import get_resolver
from django.utils import translation
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from prometheus_client import CONTENT_TYPE_LATEST

from qaitar.config.working import work
from qaitar.config.wsgi import application
from qaitar.runtime import memory
from qaitar.runtime.forks import Forks
from qaitar.runtime.ports import require_free_port
from qaitar.web.hooks.health import figures, readiness
from qaitar.web.server.app import Server
from qaitar.web.server.limits import Limits
from qaitar.web.server.monitor import METRICS, HealthReport, Monitor

if TYPE_CHECKING:
    from collections.abc import Sequence

TARGET: Final = "qaitar.config.serving"
THREADS: Final = (
    2  # of a worker: while one waits for the database, the other works (docs/performance.md)
)
CONNECTIONS: Final = 1024  # of a worker; what comes above them waits outside
HEAD_BYTES_MAX: Final = 128 * 1024
HEAD_MILLISECONDS: Final = 30_000
STOP_SECONDS: Final = 6  # less than the forks' own patience (runtime/forks.py)


def load_ahead() -> None:
    """Load what every worker would load for itself: addresses with their views, and the languages' texts."""
    assert callable(application)
    assert get_resolver().url_patterns
    for code, _ in settings.LANGUAGES:
        with translation.override(code):
            translation.gettext("Queue")
    connections.close_all()
    memory.settle()


def serve(host: str, port: int, workers: int) -> None:
    """Serve until told to stop: bodies are received in an event loop, Django runs in two threads a worker (ADR 0019)."""
    _raise_file_limit()
    listener = health_listener()
    server = Granian(
        TARGET,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        http=HTTPModes.auto if settings.QAITAR_HTTP2 else HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEAD_MILLISECONDS, max_buffer_size=HEAD_BYTES_MAX
        ),
        backlog=CONNECTIONS,
        backpressure=CONNECTIONS,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
    )
    server.serve(target_loader=partial(make_server, listener), wrap_loader=False)


def make_server(listener: socket.socket | None) -> Server:
    """Put together what one worker serves."""
    monitor = Monitor({"/readyz": _readiness, METRICS: _figures}, listener)
    return Server(application, monitor, Limits(**settings.QAITAR_RECEIVE), django_threads=THREADS)


def _readiness() -> HealthReport:
    status, content = readiness()
    return HealthReport(status, "application/json", content)


def _figures() -> HealthReport:
    return HealthReport(200, CONTENT_TYPE_LATEST, figures())


def health_listener() -> socket.socket | None:
    """Listen at the port for health, where one is set; made before the fork, shared by the workers.

    It never blocks: all workers wake for one client, and who comes late goes on waiting for the next.
    """
    if not settings.QAITAR_HEALTH_PORT:
        return None
    address = (settings.QAITAR_HEALTH_HOST, int(settings.QAITAR_HEALTH_PORT))
    require_free_port(address[1], address[0])
    listener = socket.create_server(address, backlog=64)
    listener.settimeout(0)
    return listener


def _raise_file_limit() -> None:
    """Allow as many open files as the connections need, as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * CONNECTIONS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def main(argv: Sequence[str]) -> int:
    """Load everything once, then serve; with `--jobs` the web server and the job worker are two forks of this process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("workers", type=int)
    parser.add_argument("--jobs", action="store_true")
    options = parser.parse_args(argv)
    load_ahead()
    web = partial(serve, options.host, options.port, options.workers)
    if options.jobs:
        return Forks({"web": web, "worker": work}).run()
    web()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
