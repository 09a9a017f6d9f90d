"""`qaitar stand-ins`: serves the stand-ins of Kaspi, 1C, Usedesk and Google Sheets, with customers who live."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Final

from django.db import DatabaseError, transaction

from qaitar.demo.seed import demo_merchant
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.ops.jobs import fresh_connection, job_defer
from qaitar.runtime.ports import require_free_port
from qaitar.sandbox import snapshot
from qaitar.sandbox.outside import ONEC_USER, PORTS, Outside
from qaitar.sandbox.world import World

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from qaitar.runtime.folder import DataFolder
    from qaitar.sandbox.outside import StandInAddresses

TICK_S: Final = 2.0
LOOKS: Final = ("orders_poll", "cabinets_poll")
SEED: Final = 7


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("--port", type=int, default=8090, help="the first of four ports")
    parser.add_argument(
        "--still", action="store_true", help="nobody files or answers by themselves"
    )


def run(options: argparse.Namespace, folder: DataFolder) -> int:
    """Serve until told to stop; what happened is kept in the data folder and goes on the next time."""
    for number in range(PORTS):
        require_free_port(options.port + number)
    path = folder.path / snapshot.PLACE
    world = opened_world(path)
    stop = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())
    with world.outside.serve(options.port) as addresses:
        _announce(world.outside, addresses)
        live(world, path, stop, lively=not options.still, changed=let_shop_look)
    return 0


def let_shop_look() -> None:
    """Have the demo shop read orders and cabinet now, as if its seller had the cabinet open in the browser.

    When the database is away nothing is lost: the shop reads by itself every few minutes anyway.
    """
    try:
        with fresh_connection(), transaction.atomic():
            merchant_id = demo_merchant()
            for task in LOOKS if merchant_id else ():
                job_defer(
                    f"qaitar.flows.tasks.{task}",
                    queue="polls",
                    only_one=f"{task} {merchant_id}",
                    merchant_id=str(merchant_id),
                )
    except DatabaseError as error:
        print(f"stand-ins: the shop could not be told to look: {error}", flush=True)


def opened_world(path: Path) -> World:
    """Go on from the saved world, or make a new empty one."""
    found = snapshot.load(path, utc_now)
    if found is None:
        outside = Outside(utc_now)
        outside.let_account_in()
        return World(outside, seed=SEED, born=utc_now())
    outside, extra = found
    return World.resumed(outside, extra) if extra else World(outside, seed=SEED, born=utc_now())


def live(
    world: World,
    path: Path,
    stop: threading.Event,
    *,
    lively: bool,
    changed: Callable[[], None] = lambda: None,
) -> None:
    """Tick until stopped, keeping the state whenever it changed; it is kept a last time at the end.

    `changed` is called when something happened in the marketplace, whoever did it.
    """
    saved, deeds = "", len(world.outside.kaspi.ledger.deeds)
    while True:
        stopping = stop.wait(TICK_S)
        if lively and not stopping and (event := world.tick(utc_now())):
            print(f"stand-ins: {event}", flush=True)
        now_text = snapshot.snapshot(world.outside, world.state())
        if now_text != saved:
            snapshot.save(path, now_text)
            saved = now_text
        if stopping:
            return
        if (done := len(world.outside.kaspi.ledger.deeds)) != deeds:
            deeds = done
            changed()


def _announce(outside: Outside, addresses: StandInAddresses) -> None:
    keys = outside.keys
    print(f"Stand-ins are ready: {addresses.kaspi}", flush=True)
    print(f"  Kaspi          {addresses.kaspi}/shop/api/v2  token {keys.kaspi_token}")
    print(f"  Kaspi cabinet  {addresses.kaspi}/mc/  shop {keys.merchant_id}")
    print(f"  1C             {addresses.onec}/ut  user {ONEC_USER}  password {keys.onec_password}")
    print(f"  Usedesk        {addresses.usedesk}  token {keys.usedesk_token}")
    print(f"  Google Sheets  {addresses.sheets}", flush=True)
