"""`qaitar demo add|remove`: brings the demo shop, or takes it away again; journals stay, because they are append-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.demo.seed import demo_join, demo_remove, demo_seed
from qaitar.foundation.ops.clock import utc_now

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("action", choices=["add", "remove"])
    parser.add_argument("--port", type=int, default=8090, help="add: the first port of stand-ins")
    parser.add_argument("--owner", type=int, default=0, help="add: number of who else owns it")


def run(options: argparse.Namespace, folder: DataFolder) -> int:
    """Make the demo merchant, or switch it, its connections and its people off."""
    if options.action == "add":
        made = demo_seed(now=utc_now(), port=options.port, folder=folder.path)
        if options.owner:
            demo_join(options.owner, utc_now())
        print("The demo shop is open." if made else "The demo shop was here already.")
    elif demo_remove(folder.path):
        print(
            "The demo shop is switched off: nobody can sign in to it or see it; its journals stay."
        )
    else:
        print("There is no demo shop here.")
    return 0
