"""`qaitar worker`: runs jobs until told to stop; any number of them on any number of machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.config.working import CONCURRENCY, work
from qaitar.runtime import memory

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("--concurrency", type=int, default=CONCURRENCY)
    parser.add_argument("--once", action="store_true", help="run what waits now, then end")


def run(options: argparse.Namespace, folder: DataFolder) -> int:  # noqa: ARG001  a subcommand's signature
    """Run jobs."""
    memory.settle()
    work(options.concurrency, wait=not options.once)
    return 0
