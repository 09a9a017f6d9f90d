"""`qaitar web`: the web process alone, for one of several machines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from qaitar.cli.first_owner import say_owner_link
from qaitar.config.static_files import gather
from qaitar.runtime.database import keep_database
from qaitar.runtime.ports import require_free_port, web_address
from qaitar.runtime.processes import Program, Supervisor

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder


def command_line(host: str, port: int, workers: int, *, jobs: bool = False) -> list[str]:
    """Give the server's command: WSGI, two workers unless said otherwise, two threads each; with `jobs` the job worker too."""
    command = [sys.executable, "-m", "qaitar.config.serving", host, str(port), str(workers)]
    return [*command, "--jobs"] if jobs else command


def up_line(host: str, port: int) -> list[str]:
    """Give the command of `qaitar up`: the web server with two workers and the job worker, out of one loaded program."""
    return command_line(host, port, 2, jobs=True)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=2)


def run(options: argparse.Namespace, folder: DataFolder) -> int:
    """Serve until told to stop; a web process or database that dies is started again."""
    require_free_port(options.port, options.host)
    gather()
    command = command_line(options.host, options.port, options.workers)
    say_owner_link(web_address(options.host, options.port))
    return Supervisor([Program("web", command)], watch=lambda: keep_database(folder)).run()
