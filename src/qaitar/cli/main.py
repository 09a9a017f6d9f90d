"""The command `qaitar`: finds the subcommand, makes its environment ready, runs it."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Final, NoReturn, Protocol, cast

from qaitar.cli.environment import prepare, prepare_django
from qaitar.runtime.database import knows_owner
from qaitar.runtime.folder import data_path
from qaitar.runtime.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qaitar.runtime.folder import DataFolder

# Names and flags are a contract: scripts outside call them (design §6).
COMMANDS: Final = {
    "up": ("qaitar.cli.up", "web and worker (and stand-ins with --demo) on this machine"),
    "web": ("qaitar.cli.web", "the web process alone"),
    "worker": ("qaitar.cli.worker", "the job worker alone"),
    "migrate": ("qaitar.cli.migrate", "bring the database up to date"),
    "user": ("qaitar.cli.user", "make a person with a role, or a new password"),
    "token": ("qaitar.cli.token", "make an API token"),
    "import": ("qaitar.cli.importing.command", "take orders, returns or a statement from a file"),
    "walkthrough": ("qaitar.cli.walkthrough", "play the whole procedure against the stand-ins"),
    "reduce-recordings": (
        "qaitar.cli.importing.reduce_recordings",
        "leave only the returns' answers of recordings stored before",
    ),
    "check-journal": ("qaitar.cli.check_journal", "verify every line and chain of the journal"),
    "journal": ("qaitar.cli.journal", "a signed line about the whole journal to keep elsewhere"),
    "check-invariants": (
        "qaitar.cli.check_invariants",
        "check what must hold over the whole database, reading only",
    ),
    "simulate": (
        "qaitar.cli.simulate",
        "play a shop from a seed, with faults, and see whether all holds",
    ),
    "bench": ("qaitar.cli.bench", "measure, beside the machine's own ceiling"),
    "stand-ins": ("qaitar.cli.stand_ins", "serve the stand-ins of outside systems"),
    "demo": ("qaitar.cli.demo", "take the demo shop away again"),
    "backup": (
        "qaitar.cli.backup.command",
        "copy the database and files to a folder or a bucket; verify",
    ),
    "restore": ("qaitar.cli.backup.restore", "bring a backup back into an empty installation"),
    "secrets": ("qaitar.cli.secrets", "seal secrets again under a new encryption key"),
    "person": ("qaitar.cli.person", "erase what identifies a customer"),
    "doctor": ("qaitar.cli.doctor.command", "check settings, database, connections, clock, disk"),
}

# These make tables or databases, or read past the walls: no other process holds the address of the database's owner.
OWNERS: Final = frozenset({"migrate", "check-invariants", "simulate", "bench"})

# These live long and serve people or run jobs: what their environment held at the start stays readable in /proc.
SERVING: Final = frozenset({"up", "web", "worker"})

# These must not make or migrate a database before they begin: they get the path of the data folder alone.
BARE: Final = frozenset({"backup", "restore"})


class Subcommand(Protocol):
    """What every module of a subcommand offers."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare flags."""

    def run(self, options: argparse.Namespace, folder: DataFolder) -> int:
        """Do it; returns the exit code."""


class BareSubcommand(Protocol):
    """What a module of `BARE` offers."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare flags."""

    def run(self, options: argparse.Namespace, path: Path) -> int:
        """Do it on the data folder of that path, which may not be there; returns the exit code."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; a problem ends it with one sentence and exit code 2."""
    given = list(sys.argv[1:] if argv is None else argv)
    if not given or given[0] not in COMMANDS:
        return _usage(given)
    dotted, explained = COMMANDS[given[0]]
    signal.signal(signal.SIGTERM, _terminated)
    try:
        return _run(given, dotted, explained)
    except Problem as problem:
        print(f"qaitar: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _terminated(*_: object) -> None:
    """End in the ordinary way, so that the embedded database is left in order."""
    raise SystemExit(143)


def _run(given: Sequence[str], dotted: str, explained: str) -> int:
    first = argparse.ArgumentParser(add_help=False)
    first.add_argument("--data")
    known, rest = first.parse_known_args(given[1:])
    wants_help = bool({"-h", "--help"} & set(rest))
    bare = given[0] in BARE
    if wants_help or bare:
        prepare_django(data_path(known.data, os.environ), os.environ)
        folder = None
    else:
        knew_owner = knows_owner(os.environ)
        folder = prepare(known.data, os.environ, owner=given[0] in OWNERS)
        if given[0] in SERVING and knew_owner:
            _begin_again(given)
    command = importlib.import_module(dotted)
    parser = argparse.ArgumentParser(prog=f"qaitar {given[0]}", description=explained)
    parser.add_argument(
        "--data", help="the data folder (default: QAITAR_DATA, else the user's own)"
    )
    command.arguments(parser)
    options = parser.parse_args(rest)
    if bare:
        path = data_path(known.data, os.environ)
        return cast("BareSubcommand", command).run(options, path)
    assert folder is not None, "help has ended the program"
    return cast("Subcommand", command).run(options, folder)


def _begin_again(given: Sequence[str]) -> NoReturn:
    """Become the same command with an environment that never held the owner's address."""
    os.execve(  # noqa: S606  our own program; no shell
        sys.executable, [sys.executable, "-m", "qaitar.cli.main", *given], os.environ
    )


def _usage(given: Sequence[str]) -> int:
    wants_help = not given or given[0] in {"-h", "--help", "help"}
    stream = sys.stdout if wants_help else sys.stderr
    if not wants_help:
        print(f"qaitar: no command '{given[0]}'", file=stream)
    print("usage: qaitar COMMAND [--data DIR] …\n", file=stream)
    for name, (_, explained) in COMMANDS.items():
        print(f"  {name:<18}{explained}", file=stream)
    return 0 if wants_help else 2


if __name__ == "__main__":
    sys.exit(main())
