"""`qaitar backup`: copies the database and the files to a folder or a bucket; lists, verifies and tries backups."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from qaitar.backup.creation import BackupSource, backup_create
from qaitar.backup.manifest import backup_ids, manifest_read
from qaitar.backup.places import TO, key_from, settings_from, target_at
from qaitar.backup.problems import BackupProblem
from qaitar.backup.runs import run_begin, run_done, run_failed
from qaitar.cli.backup.drill import drill_run
from qaitar.cli.backup.verify import verify
from qaitar.cli.environment import refuse_unfinished
from qaitar.foundation.files.store import FileStore
from qaitar.foundation.ops.clock import utc_now
from qaitar.lab.bench.database import point
from qaitar.runtime.addresses import DATABASE, make_url, parts_of, steadied
from qaitar.runtime.database import FOREIGN_APP_VARIABLE, FOREIGN_VARIABLE, resolve_database
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.postgres import EmbeddedPostgres
from qaitar.runtime.problems import Problem

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from qaitar.backup.creation import Created
    from qaitar.backup.manifest import Manifest
    from qaitar.backup.models import BackupRun
    from qaitar.backup.target import Target
    from qaitar.runtime.addresses import DatabaseAddresses

DSN_VARIABLE: Final = "QAITAR_BACKUP_DATABASE_URL"
ENVIRONMENT_KEYS: Final = {
    "encryption_key": "QAITAR_ENCRYPTION_KEY",
    "journal_key": "QAITAR_JOURNAL_KEY",
    "session_key": "QAITAR_SECRET_KEY",
}
_KEY_BYTES: Final = 48


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument(
        "action",
        nargs="?",
        default="make",
        choices=("make", "list", "verify", "drill", "new-key"),
        help="make (default), list, verify: restore into a scratch database and check; drill; new-key FILE",
    )
    parser.add_argument(
        "place", nargs="?", help="list, verify: where the backups are; new-key: a file"
    )
    parser.add_argument(
        "--to", metavar="PLACE", help=f"a folder or s3://BUCKET/PREFIX (default: {TO})"
    )
    parser.add_argument("--key-file", metavar="FILE", help="the key of encrypted backups")
    parser.add_argument("--backup", metavar="ID", help="verify: which one (default: the newest)")
    parser.add_argument(
        "--keep",
        type=int,
        metavar="N",
        help="how many are kept (default: QAITAR_BACKUP_KEEP or 14)",
    )
    parser.add_argument(
        "--scratch", metavar="DIR", help="verify: where the scratch database is made"
    )
    parser.add_argument("--scheduled", action="store_true", help="noted as made by the schedule")
    parser.add_argument("--requests", type=int, default=1_000_000, help="drill: size of its shop")
    parser.add_argument("--files", type=int, default=10_000, help="drill: attached files")
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(options: argparse.Namespace, path: Path) -> int:
    """Do what is asked; 1 when a backup lacks files or does not stand the check."""
    if options.action == "new-key":
        return _new_key(options.place)
    if options.action == "drill":
        return drill_run(options, path)
    place = options.to or options.place or settings_from(os.environ).to
    if not place:
        raise BackupProblem(f"Say where: `qaitar backup --to FOLDER`, or set {TO}.")
    key = key_from(os.environ, options.key_file)
    target = target_at(place, key, os.environ, create=options.action == "make")
    if options.action == "make":
        return _make(options, path, target)
    target.open()
    if options.action == "list":
        return _list(options, target)
    return verify(options, target)


def _new_key(file: str | None) -> int:
    if file is None:
        raise BackupProblem("Say where the key goes: `qaitar backup new-key FILE`.")
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BackupProblem(f"The key cannot be written to {file}: {error.strerror}.") from error
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(secrets.token_urlsafe(_KEY_BYTES) + "\n")
    print(
        f"The key is in {file}. Keep a copy away from the backups: without it nobody can read them."
    )
    return 0


@dataclass(frozen=True, slots=True)
class Installation:
    """What is backed up: the address of a role that sees every row, the program's own addresses, keys."""

    dsn: str
    addresses: DatabaseAddresses
    keys: dict[str, str]


@contextmanager
def installation(path: Path, environ: Mapping[str, str]) -> Iterator[Installation]:
    """Hold the database server of an installation for the block; it need not run, and is not migrated.

    Raises:
        Problem: there is no installation in the folder, or its database does not answer.
    """
    foreign = environ.get(FOREIGN_VARIABLE) or environ.get(FOREIGN_APP_VARIABLE)
    if not foreign and not (path / "postgres" / "data").exists():
        raise BackupProblem(f"There is no installation of Qaitar in {path}: name it with --data.")
    folder = DataFolder(path)
    refuse_unfinished(folder)
    if foreign:
        addresses = resolve_database(folder, environ)
        dsn = environ.get(DSN_VARIABLE) or addresses.owner_dsn
        if not dsn:
            raise BackupProblem(
                f"A backup needs the address of a role that reads every row: give it in {DSN_VARIABLE}."
            )
        yield Installation(steadied(dsn), addresses, installation_keys(folder, environ))
        return
    with EmbeddedPostgres(folder) as server:
        at = server.ensure_running()
        dsn = make_url({**parts_of(at.superuser_dsn), "dbname": DATABASE})
        yield Installation(dsn, at.database, installation_keys(folder, environ))


def installation_keys(folder: DataFolder, environ: Mapping[str, str]) -> dict[str, str]:
    """Gather the installation's keys by name, all but the embedded database's passwords, which are made anew.

    What the environment gives counts before what lies in the data folder, as it does for the program.
    """
    files = [
        each for each in folder.secrets.iterdir() if not each.name.startswith((".", "database-"))
    ]
    found = {each.name: each.read_text(encoding="ascii").strip() for each in files}
    given = {
        name: environ[variable]
        for name, variable in ENVIRONMENT_KEYS.items()
        if environ.get(variable)
    }
    return {**found, **given}


def _make(options: argparse.Namespace, path: Path, target: Target) -> int:
    keep = settings_from(os.environ).keep if options.keep is None else options.keep
    if keep < 1:
        raise BackupProblem("--keep has to be at least 1.")
    with installation(path, os.environ) as found:
        point(found.addresses)
        source = BackupSource(found.dsn, FileStore(), found.keys, version("qaitar"))
        note = _noted(target.place, scheduled=options.scheduled)
        try:
            made = backup_create(source, target, clock=utc_now, keep=keep)
        except Problem as problem:
            if note:
                run_failed(note, str(problem), now=utc_now())
            raise
        if note:
            run_done(note, made.manifest, now=utc_now())
        connection.close()
    _tell_made(options, made, target)
    return 0 if made.manifest.whole else 1


def _noted(place: str, *, scheduled: bool) -> BackupRun | None:
    """Note the try in the database; one of an older generation has no table for that, and is backed up all the same."""
    if "backup_backuprun" not in connection.introspection.table_names():
        return None
    return run_begin(place, scheduled=scheduled, now=utc_now())


def _tell_made(options: argparse.Namespace, made: Created, target: Target) -> None:
    manifest = made.manifest
    if options.json:
        document = {
            "ok": manifest.whole,
            "place": target.place,
            "encrypted": target.encrypted,
            "backup": manifest.as_json(),
            "removed": {"backups": made.removed.backups, "files": made.removed.files},
        }
        print(json.dumps(document, ensure_ascii=False, indent=2))
        return
    print(f"Backup {manifest.id} is in {target.place}.")
    for line in manifest_lines(manifest):
        print(f"  {line}")
    if made.removed.backups:
        print(
            f"  {len(made.removed.backups)} older backups and {made.removed.files} files were removed"
        )
    for fault in manifest.faults:
        print(f"  NOT IN THE BACKUP: the file {fault}")
    if not target.encrypted:
        print(
            "  Keys are not in a backup without encryption: keep a copy of the folder `secrets` of the data folder, "
            "or the encryption key of the environment, in another place."
        )


def manifest_lines(manifest: Manifest) -> list[str]:
    """Say in a few lines what a backup holds."""
    size = sum(part.size for part in manifest.parts) / 1_000_000
    keys = ", ".join(manifest.keys) or "not included"
    return [
        f"state of {manifest.as_of:%Y-%m-%d %H:%M:%S} UTC, qaitar {manifest.version}, PostgreSQL {manifest.postgresql}",
        f"{sum(manifest.rows.values())} rows in {len(manifest.rows)} tables, {size:.1f} MB",
        f"{manifest.files} files ({manifest.files_bytes / 1_000_000:.1f} MB), {manifest.files_copied} of them new",
        f"keys: {keys}",
    ]


def _list(options: argparse.Namespace, target: Target) -> int:
    found = [manifest_read(target, each) for each in backup_ids(target)]
    if options.json:
        documents: list[dict[str, Any]] = [
            {**each.as_json(), "whole": each.whole} for each in found
        ]
        print(
            json.dumps({"place": target.place, "backups": documents}, ensure_ascii=False, indent=2)
        )
        return 0
    for each in found:
        print(each.id + ("" if each.whole else f"  LACKS {len(each.faults)} FILES"))
        for line in manifest_lines(each):
            print(f"  {line}")
    print(f"{len(found)} backups in {target.place}")
    return 0
