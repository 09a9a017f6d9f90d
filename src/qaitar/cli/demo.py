"""`qaitar demo remove`: takes the demo shop away again; journals stay, because they are append-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.demo.seed import demo_remove

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("action", choices=["remove"])


def run(options: argparse.Namespace, folder: DataFolder) -> int:  # noqa: ARG001  a subcommand's signature
    """Switch the demo merchant, its connections and its people off."""
    if demo_remove(folder.path):
        print(
            "The demo shop is switched off: nobody can sign in to it or see it; its journals stay."
        )
    else:
        print("There is no demo shop here.")
    return 0
