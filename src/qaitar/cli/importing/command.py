"""`qaitar import`: takes orders or return requests from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.cli.importing.files import import_file

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("kind", choices=["orders", "returns", "statement"])
    parser.add_argument("file")
    parser.add_argument("--store", help="name or number; may be left out where there is one store")
    parser.add_argument("--json", action="store_true", help="print the counts for a program")


def run(options: argparse.Namespace, folder: DataFolder) -> int:  # noqa: ARG001  a subcommand's signature
    """Take the file."""
    return import_file(options.kind, options.file, options.store, as_json=options.json)
