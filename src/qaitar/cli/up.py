"""`qaitar up`: everything one machine needs: database, web, worker, and with --demo a shop with living stand-ins."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING, Final

from qaitar.cli import web
from qaitar.cli.demo_keeper import DemoKeeper, stand_ins
from qaitar.cli.first_owner import say_owner_link
from qaitar.config.static_files import gather
from qaitar.demo.seed import LOGINS, demo_merchant, demo_seed
from qaitar.foundation.identity.people import real_people
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.ops.jobs import fresh_connection
from qaitar.runtime.database import keep_database
from qaitar.runtime.demo_request import AT_HAND
from qaitar.runtime.locks import sole_holder
from qaitar.runtime.ports import require_free_port, web_address
from qaitar.runtime.problems import AlreadyRunning, NotReady
from qaitar.runtime.processes import Program, Supervisor, wait_ready
from qaitar.sandbox.outside import PORTS

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder

READY_SECONDS: Final = 60.0
LOCK: Final = "up.lock"  # in the data folder; the kernel frees it when its holder dies
STAND_INS_BEYOND: Final = 90  # the stand-ins' first port is so much above the console's


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument(
        "--demo", action="store_true", help="a demo shop and stand-ins of the outside systems"
    )
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--host", default="127.0.0.1")


def run(options: argparse.Namespace, folder: DataFolder) -> int:
    """Start everything, say where it is, and end everything on Ctrl-C.

    Raises:
        AlreadyRunning: a living `qaitar up` works on this data folder; nothing was changed.
    """
    me = f"process {os.getpid()}, {web_address(options.host, options.port)}"
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(sole_holder(folder.path / LOCK, me))
        except AlreadyRunning as other:
            raise AlreadyRunning(
                f"Qaitar already runs on the data folder {folder.path} ({other}): open it there, end it "
                "first, or choose another folder with --data."
            ) from None
        return _run(options, folder)


def _run(options: argparse.Namespace, folder: DataFolder) -> int:
    require_free_port(options.port, options.host)
    gather()
    port = options.port + STAND_INS_BEYOND
    environ = {**os.environ, AT_HAND: "1", "QAITAR_PRIVATE_HOSTS": _private_hosts(port)}
    programs = [Program("web and worker", web.up_line(options.host, options.port), environ)]
    lives = options.demo or demo_merchant() is not None
    if lives:
        for number in range(PORTS):
            require_free_port(port + number)
        demo_seed(now=utc_now(), port=port, folder=folder.path)
        programs.insert(0, stand_ins(port, environ))
    listens = f"http://{options.host}:{options.port}"
    address = web_address(options.host, options.port)
    printer = threading.Thread(
        target=_announce, args=(listens, address, port if lives else 0), daemon=True
    )
    printer.start()
    keeper = DemoKeeper(folder, port, environ)

    def watch() -> None:
        keep_database(folder)
        keeper.look(supervisor)

    supervisor = Supervisor(programs, watch=watch)
    try:
        return supervisor.run()
    finally:
        keeper.end()


def _private_hosts(port: int) -> str:
    """Add this installation's own stand-ins to the private hosts that may be called."""
    listed = os.environ.get("QAITAR_PRIVATE_HOSTS", "")
    own = [f"127.0.0.1:{port + number}" for number in range(PORTS)]
    return ",".join([each for each in listed.split(",") if each] + own)


def _say_demo_logins() -> None:
    """Print who may be tried, while their published passwords work."""
    with fresh_connection():
        closed = real_people().exists()
    if closed:
        print(
            "The demo's passwords do not work here: look at it as one of its people from the first steps.",
            flush=True,
        )
        return
    print("Demo logins:", flush=True)
    for login in LOGINS:
        print(f"  {login.username:<10}{login.password:<22}{login.role.value}", flush=True)


def _announce(listens: str, address: str, stand_ins_port: int) -> None:
    try:
        wait_ready(f"{listens}/readyz", READY_SECONDS)
    except NotReady as problem:
        print(f"qaitar: {problem}", file=sys.stderr, flush=True)
        return
    print(f"\nQaitar is ready: {address}", flush=True)
    say_owner_link(address)
    if stand_ins_port:
        print(f"Stand-ins of the outside systems: http://127.0.0.1:{stand_ins_port}", flush=True)
        _say_demo_logins()
    print("Ctrl-C ends everything.", flush=True)
