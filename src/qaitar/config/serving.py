"""The web server: loads the program once, then forks its workers, which share what was loaded (ADR 0016).

Started by the command line as `python -m qaitar.config.serving HOST PORT WORKERS`.
"""

from __future__ import annotations

import sys
from typing import Final

from django.conf import settings
from django.db import connections
from django.urls import get_resolver
from django.utils import translation
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from qaitar.config.wsgi import application
from qaitar.runtime import memory

TARGET: Final = "qaitar.config.wsgi:application"
THREADS: Final = (
    2  # of a worker: while one waits for the database, the other works (docs/performance.md)
)


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
    """Serve until told to stop: WSGI, two blocking threads a worker."""
    load_ahead()
    server = Granian(
        TARGET,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        websockets=False,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
    )
    server.serve()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
