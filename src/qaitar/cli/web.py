"""`qaitar web`: the web process alone, for one of several machines."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder


def command_line(host: str, port: int, workers: int) -> list[str]:
    """Give the server's command: WSGI, two workers, one blocking thread each (ADR 0006)."""
    return [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        str(workers),
        "--blocking-threads",
        "1",
        "--no-ws",
        "--respawn-failed-workers",
        "--log-level",
        "warning",
        "qaitar.config.wsgi:application",
    ]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=2)


def run(options: argparse.Namespace, folder: DataFolder) -> int:  # noqa: ARG001  a subcommand's signature
    """Become the web server."""
    command = command_line(options.host, options.port, options.workers)
    os.execv(command[0], command)  # noqa: S606  our own interpreter
