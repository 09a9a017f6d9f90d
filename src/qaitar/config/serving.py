"""The web server: loads the program once, then forks its workers, which share what was loaded (ADR 0016).

Started by the command line as `python -m qaitar.config.serving HOST PORT WORKERS`; with `--jobs` the job worker is
forked from the same process (ADR 0017).
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connections
from django.urls import get_resolver
from django.utils import translation
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from qaitar.config.working import work
from qaitar.config.wsgi import application
from qaitar.runtime import memory
from qaitar.runtime.forks import Forks

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def main(argv: Sequence[str]) -> int:
    """Load everything once, then serve; with `--jobs` the web server and the job worker are two forks of this process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("workers", type=int)
    parser.add_argument("--jobs", action="store_true")
    told = parser.parse_args(argv)
    load_ahead()
    web = partial(serve, told.host, told.port, told.workers)
    if told.jobs:
        return Forks({"web": web, "worker": work}).run()
    web()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
