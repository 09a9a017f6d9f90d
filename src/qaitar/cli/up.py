"""`qaitar up`: everything one machine needs: database, web, worker, and with --demo a shop with living stand-ins."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Final

from qaitar.cli import web
from qaitar.demo.seed import LOGINS, demo_seed
from qaitar.foundation.clock import utc_now
from qaitar.runtime.database import keep_database
from qaitar.runtime.ports import require_free_port
from qaitar.runtime.problems import NotReady
from qaitar.runtime.processes import Program, Supervisor, wait_ready
from qaitar.sandbox.outside import PORTS

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder

READY_SECONDS: Final = 60.0
STAND_INS_BEYOND: Final = 90  # the stand-ins' first port is so much above the console's


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument(
        "--demo", action="store_true", help="a demo shop and stand-ins of the outside systems"
    )
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--host", default="127.0.0.1")


def run(options: argparse.Namespace, folder: DataFolder) -> int:
    """Start everything, say where it is, and end everything on Ctrl-C."""
    require_free_port(options.port, options.host)
    environ = dict(os.environ)
    programs = [Program("web and worker", web.up_line(options.host, options.port), environ)]
    if options.demo:
        port = options.port + STAND_INS_BEYOND
        for number in range(PORTS):
            require_free_port(port + number)
        demo_seed(now=utc_now(), port=port, folder=folder.path)
        command = [sys.executable, "-m", "qaitar.cli.main", "stand-ins", "--port", str(port)]
        programs.insert(0, Program("stand-ins", command, environ))
    address = f"http://{options.host}:{options.port}"
    port = options.port + STAND_INS_BEYOND if options.demo else 0
    threading.Thread(target=_announce, args=(address, port), daemon=True).start()
    return Supervisor(programs, watch=lambda: keep_database(folder)).run()


def _announce(address: str, stand_ins_port: int) -> None:
    try:
        wait_ready(f"{address}/readyz", READY_SECONDS)
    except NotReady as problem:
        print(f"qaitar: {problem}", file=sys.stderr, flush=True)
        return
    print(f"\nQaitar is ready: {address}", flush=True)
    if stand_ins_port:
        print(f"Stand-ins of the outside systems: http://127.0.0.1:{stand_ins_port}", flush=True)
        print("Demo logins:", flush=True)
        for login in LOGINS:
            print(f"  {login.username:<10}{login.password:<22}{login.role.value}", flush=True)
    print("Ctrl-C ends everything.", flush=True)
