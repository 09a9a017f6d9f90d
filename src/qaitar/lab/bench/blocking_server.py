"""What `bench requests` compares with: the same application served as plain WSGI, two threads a worker that wait for clients.

Started as `python -m qaitar.lab.bench.blocking_server HOST PORT WORKERS`.
"""

from __future__ import annotations

import sys

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from qaitar.config.serving import THREADS, load_ahead


def main(host: str, port: str, workers: str) -> None:
    """Serve until told to stop."""
    load_ahead()
    Granian(
        "qaitar.config.wsgi:application",
        address=host,
        port=int(port),
        interface=Interfaces.WSGI,
        workers=int(workers),
        blocking_threads=THREADS,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
