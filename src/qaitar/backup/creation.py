"""Makes one backup: attached files, the database, what changed in it meanwhile, files that came meanwhile, the manifest.

What takes long comes first, so that the moment the backup stands for (`as_of`) is that of its end.
"""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql

from qaitar.backup.changes import View, changes_read, snapshot_horizon
from qaitar.backup.file_copies import files_text, files_to_target
from qaitar.backup.manifest import CHANGES, DATABASE, FILES, KEYS, Manifest, Part, manifest_write
from qaitar.backup.postgres_tools import dump, server_accept
from qaitar.backup.problems import BackupProblem
from qaitar.backup.retention import Removed, backups_prune, parts_remove

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from qaitar.backup.target import Target
    from qaitar.foundation.files.store import FileStore

LOCK: Final = 7_241_982  # advisory: one backup at a time, whoever makes it
_FILES: Final = """
SELECT sha256, max(size) FROM (
  SELECT sha256, size FROM foundation_storedfile
  UNION ALL SELECT preview_sha256, 0 FROM foundation_storedfile WHERE preview_sha256 <> ''
  UNION ALL SELECT thumb_sha256, 0 FROM foundation_storedfile WHERE thumb_sha256 <> '') AS kept
GROUP BY sha256
"""
_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


@dataclass(frozen=True, slots=True)
class BackupSource:
    """What is backed up: a database through a role that sees every row, the file store, and keys.

    `keys` are the installation's secrets by name; they go into encrypted backups only.
    """

    dsn: str
    store: FileStore
    keys: Mapping[str, str]
    version: str


@dataclass(frozen=True, slots=True)
class Created:
    """A finished backup, and what was removed after it because enough newer ones are kept."""

    manifest: Manifest
    removed: Removed


@dataclass(frozen=True, slots=True)
class _Snapshot:
    schema: tuple[str, ...]
    rows: dict[str, int]
    files: dict[str, int]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the parts of one backup go."""

    target: Target
    folder: str

    def part(self, name: str, chunks: Iterable[bytes]) -> Part:
        return Part.of(name, self.target.write(f"{self.folder}/{name}", chunks))


def backup_create(
    source: BackupSource, target: Target, *, clock: Callable[[], datetime], keep: int
) -> Created:
    """Make a backup, then keep the newest `keep`; it is visible in the target only once everything is there.

    Raises:
        BackupProblem: it cannot be made; what was written of it is removed, files that arrived stay for the next one.
    """
    postgresql = server_accept(source.dsn)
    target.open_or_create()
    with _alone(source.dsn) as connection:
        backup_id = f"{clock():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        try:
            manifest = _create(source, target, connection, (backup_id, postgresql), clock)
        except BaseException:
            parts_remove(target, backup_id)
            raise
        return Created(manifest, backups_prune(target, keep, now=clock()))


def _create(
    source: BackupSource,
    target: Target,
    connection: psycopg.Connection[Any],
    named: tuple[str, str],
    clock: Callable[[], datetime],
) -> Manifest:
    backup_id, postgresql = named
    place = _Place(target, f"backups/{backup_id}")
    first = files_to_target(source.store, target, dict(connection.execute(_FILES).fetchall()))
    snapshot, parts = _database(source.dsn, connection, place)
    copied = files_to_target(source.store, target, snapshot.files)
    parts.append(place.part(FILES, files_text(snapshot.files)))
    if target.encrypted:
        parts.append(place.part(KEYS, [json.dumps(dict(source.keys)).encode()]))
    manifest = Manifest(
        id=backup_id,
        version=source.version,
        postgresql=postgresql,
        as_of=snapshot.as_of,
        finished_at=clock(),
        schema=snapshot.schema,
        rows=snapshot.rows,
        files=len(snapshot.files),
        files_bytes=sum(snapshot.files.values()),
        files_copied=first.files + copied.files,
        parts=tuple(parts),
        keys=tuple(sorted(source.keys)) if target.encrypted else (),
        faults=copied.faults,
    )
    manifest_write(target, manifest)
    return manifest


def _database(
    dsn: str, connection: psycopg.Connection[Any], place: _Place
) -> tuple[_Snapshot, list[Part]]:
    """Dump what one snapshot sees, then what has changed since; what both hold is read from the second snapshot."""
    with connection.transaction():
        _begin(connection)
        exported = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert exported is not None, "a function returns a row"
        horizon, rows = snapshot_horizon(connection), rows_counted(connection)
        schema = _schema(connection)
        parts = [place.part(DATABASE, dump(dsn, str(exported[0])))]
        with psycopg.connect(dsn, autocommit=True) as later:
            # Read before the snapshot is taken: what was acknowledged before this moment is surely in it.
            moment = later.execute("SELECT clock_timestamp()").fetchone()
            assert moment is not None, "a function returns a row"
            with later.transaction():
                _begin(later)
                snapshot = _Snapshot(
                    _schema(later),
                    rows_counted(later),
                    dict(later.execute(_FILES).fetchall()),
                    moment[0],
                )
                if (snapshot.schema, set(snapshot.rows)) != (schema, set(rows)):
                    raise BackupProblem(
                        "The tables were changed while they were backed up: back up again."
                    )
                before, after = View(connection, rows), View(later, snapshot.rows)
                parts.append(place.part(CHANGES, changes_read(before, after, horizon)))
    return snapshot, parts


def _begin(connection: psycopg.Connection[Any]) -> None:
    """Let the open transaction see one snapshot for as long as it takes."""
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


def _schema(connection: psycopg.Connection[Any]) -> tuple[str, ...]:
    found = connection.execute("SELECT app || '.' || name FROM django_migrations").fetchall()
    return tuple(sorted(name for (name,) in found))


def rows_counted(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Count the rows of every table as the open transaction sees them."""
    found = {}
    for (table,) in connection.execute(_TABLES).fetchall():
        counted = connection.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        ).fetchone()
        assert counted is not None, "a count returns a row"
        found[table] = int(counted[0])
    return found


@contextmanager
def _alone(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """Connect, and hold the lock of backups while the connection lives.

    Raises:
        BackupProblem: another backup of this database is being made; or its tables are not there.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(
            "SELECT pg_try_advisory_lock(%s), to_regclass('django_migrations') IS NOT NULL", [LOCK]
        ).fetchone()
        assert row is not None, "a function returns a row"
        if not row[0]:
            raise BackupProblem("Another backup of this database is being made: wait for its end.")
        if not row[1]:
            raise BackupProblem("There is nothing to back up: the database has no tables yet.")
        yield connection
