"""The steps of bringing a backup back, used for a real installation and for a scratch one alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.migrations.loader import MigrationLoader

from qaitar.backup.manifest import schema_accept
from qaitar.backup.problems import BackupProblem
from qaitar.backup.restoring import (
    dump_file,
    embedded_accept,
    embedded_restore,
    files_restore,
    foreign_accept,
    foreign_restore,
    keys_restore,
    parts_verify,
    rows_compare,
)
from qaitar.cli.environment import RESTORING
from qaitar.cli.up import LOCK
from qaitar.foundation.files.store import FileStore
from qaitar.runtime.addresses import DATABASE, make_url, parts_of
from qaitar.runtime.database import (
    APP_VARIABLE,
    FOREIGN_VARIABLE,
    OWNER_VARIABLE,
    resolve_database,
)
from qaitar.runtime.locks import sole_holder
from qaitar.runtime.postgres import EmbeddedPostgres
from qaitar.runtime.problems import AlreadyRunning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from qaitar.backup.file_copies import Copied
    from qaitar.backup.manifest import Manifest
    from qaitar.backup.target import Target
    from qaitar.runtime.folder import DataFolder


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """Which backup is brought back, where to, and what is allowed.

    `replace` lets a filled database be set aside, `upgrade` an older generation of tables be brought up to date.
    """

    target: Target
    manifest: Manifest
    folder: DataFolder
    store: FileStore
    environ: Mapping[str, str]
    now: datetime
    replace: bool = False
    upgrade: bool = False


@dataclass(frozen=True, slots=True)
class Checks:
    """What the checks of a restored installation found: `broken` counts rows by the invariant they break."""

    invariants: int
    broken: dict[str, int]
    journal_holds: bool
    journal: str
    well: bool


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done and what the checks found; `rows` names tables whose number of rows differs from the backup's."""

    keys: tuple[str, ...]
    files: Copied
    rows: dict[str, tuple[int, int]]
    replaced: str
    checks: Checks

    @property
    def well(self) -> bool:
        """Whether everything is as it was and all checks hold."""
        return not self.files.faults and not self.rows and self.checks.well


def restore_all(wanted: RestoreRequest) -> Restored:
    """Verify the backup, bring it back, and check what came of it.

    Raises:
        BackupProblem: it is damaged, of another generation, or the installation is not empty; nothing was changed.
    """
    schema_accept(wanted.manifest, program_schema(), upgrade=wanted.upgrade)
    parts_verify(wanted.target, wanted.manifest)
    with _alone(wanted.folder):
        if wanted.environ.get(FOREIGN_VARIABLE):
            return _foreign(wanted)
        with EmbeddedPostgres(wanted.folder) as server:
            return _embedded(wanted, server)


def program_schema() -> set[str]:
    """List the migrations this version of the program has, as a manifest lists those applied."""
    loader = MigrationLoader(None)
    return {f"{app}.{name}" for app, name in loader.disk_migrations}


@contextmanager
def _alone(folder: DataFolder) -> Iterator[None]:
    """Keep `qaitar up` and a second restore out for the block."""
    try:
        with sole_holder(folder.path / LOCK, f"process {os.getpid()}, a restore"):
            yield
    except AlreadyRunning as other:
        raise AlreadyRunning(
            f"Qaitar works on the data folder {folder.path} ({other}): end it first, or restore into another folder."
        ) from None


def _embedded(wanted: RestoreRequest, server: EmbeddedPostgres) -> Restored:
    at = server.ensure_running()
    folder = wanted.folder
    broken_off = (folder.path / RESTORING).exists()
    empty = embedded_accept(at, folder, replace=wanted.replace or broken_off)
    replaced = "" if empty else f"qaitar_replaced_{wanted.now:%Y%m%d_%H%M%S}"
    with _unfinished(folder):
        keys = keys_restore(wanted.target, wanted.manifest, folder)
        with dump_file(wanted.target, wanted.manifest, folder.postgres) as dump:
            embedded_restore(at, folder, dump, replaced_as=replaced or None)
        boss = make_url({**parts_of(at.superuser_dsn), "dbname": DATABASE})
        rows = rows_compare(boss, wanted.manifest)
        files = files_restore(wanted.target, wanted.manifest, wanted.store)
    return Restored(keys, files, rows, replaced, _checked(wanted))


def _foreign(wanted: RestoreRequest) -> Restored:
    addresses = resolve_database(wanted.folder, wanted.environ)
    foreign_accept(addresses)
    with _unfinished(wanted.folder):
        keys = keys_restore(wanted.target, wanted.manifest, wanted.folder)
        with dump_file(wanted.target, wanted.manifest, wanted.folder.postgres) as dump:
            foreign_restore(addresses, dump)
        rows = rows_compare(addresses.owner_dsn, wanted.manifest)
        files = files_restore(wanted.target, wanted.manifest, wanted.store)
    return Restored(keys, files, rows, "", _checked(wanted))


@contextmanager
def _unfinished(folder: DataFolder) -> Iterator[None]:
    """Mark the folder for the block, so that no other command works with half a backup; an error leaves the mark."""
    mark = folder.path / RESTORING
    mark.touch(mode=0o600)
    yield
    mark.unlink()


def _checked(wanted: RestoreRequest) -> Checks:
    """Check by the commands themselves, each a program of its own, as the restored installation would start.

    Signatures of the journal can be verified only where its key is: in the backup, the data folder or the environment.
    """
    has_key = (wanted.folder.secrets / "journal_key").exists() or wanted.environ.get(
        "QAITAR_JOURNAL_KEY"
    )
    code, output = _command(wanted, "check-invariants", "--json")
    try:
        invariants = json.loads(output)
    except ValueError:
        raise BackupProblem(
            f"`qaitar check-invariants` could not be run: {output[-500:]}"
        ) from None
    broken: Counter[str] = Counter()  # several invariants share a code
    for each in invariants["invariants"]:
        broken[each["code"]] += each["broken"]
    journal, output = _command(wanted, "check-journal", *([] if has_key else ["--without-keys"]))
    return Checks(
        invariants=len(invariants["invariants"]),
        broken={code: count for code, count in broken.items() if count},
        journal_holds=journal == 0,
        journal=(output.splitlines() or [""])[-1],
        well=code == 0 and journal == 0,
    )


def _command(wanted: RestoreRequest, *words: str) -> tuple[int, str]:
    """Run a command on the restored installation; returns its exit code and what it said."""
    handed = {OWNER_VARIABLE, APP_VARIABLE}
    environ = {name: value for name, value in wanted.environ.items() if name not in handed}
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-m", "qaitar.cli.main", *words, "--data", str(wanted.folder.path)],
        env=environ,
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout or done.stderr
