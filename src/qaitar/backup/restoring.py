"""Brings one backup back into an empty installation: keys, database, files, in an order that is safe to break off."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql

from qaitar.backup.changes import changes_apply
from qaitar.backup.creation import rows_counted
from qaitar.backup.file_copies import files_parse, files_to_store
from qaitar.backup.manifest import CHANGES, DATABASE, FILES, KEYS, Manifest
from qaitar.backup.postgres_tools import INDEXES, ROWS, restore
from qaitar.backup.problems import BackupProblem, DamagedBackup
from qaitar.foundation.tenancy import walls_install
from qaitar.foundation.tenancy.walls import SEE_EVERY_MERCHANT
from qaitar.runtime.addresses import APP_ROLE, OWNER_ROLE, make_url, parts_of
from qaitar.runtime.addresses import DATABASE as NAME
from qaitar.runtime.roles import prepare_roles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import LiteralString

    from qaitar.backup.file_copies import Copied
    from qaitar.backup.target import Target
    from qaitar.foundation.files.store import FileStore
    from qaitar.runtime.addresses import DatabaseAddresses
    from qaitar.runtime.folder import DataFolder
    from qaitar.runtime.postgres import ServerAddresses

DRAFT: Final = "qaitar_restoring"
JOBS: Final = 2


def parts_verify(target: Target, manifest: Manifest) -> None:
    """Read every part of the backup and compare it with the manifest.

    Raises:
        DamagedBackup: one is missing or is not what was written.
    """
    for part in manifest.parts:
        found = target.stored_digest(f"backups/{manifest.id}/{part.name}")
        if (found.size, found.sha256) != (part.size, part.sha256):
            raise DamagedBackup(
                f"{part.name} of the backup {manifest.id} is damaged ({found.size} bytes, SHA-256 {found.sha256}; "
                f"written were {part.size}, {part.sha256}): use another backup."
            )


def keys_restore(target: Target, manifest: Manifest, folder: DataFolder) -> tuple[str, ...]:
    """Put the keys of the backup into the data folder; returns their names, none when it holds none.

    Raises:
        BackupProblem: the folder has another key of that name.
    """
    if not manifest.keys:
        return ()
    keys: dict[str, str] = json.loads(b"".join(target.read(f"backups/{manifest.id}/{KEYS}")))
    for name, value in sorted(keys.items()):
        path = folder.secrets / name
        if path.exists() and path.read_text(encoding="ascii").strip() != value:
            raise BackupProblem(
                f"The data folder has a key {path} that is not the one in the backup: restore into a new "
                "folder."
            )
        if not path.exists():
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(value)
                file.flush()
                os.fsync(file.fileno())
    return tuple(sorted(keys))


@dataclass(frozen=True, slots=True)
class Dump:
    """The database of a backup: pg_dump's file on this machine, and a reader of what changed while it was written."""

    file: Path
    changes: Callable[[], Iterator[bytes]]

    def load(self, dsn: str, *, role: str | None, jobs: int) -> None:
        """Load it into an empty database: rows, changes, then indexes, keys and triggers.

        Raises:
            BackupProblem: it cannot be loaded.
        """
        restore(dsn, self.file, ROWS, role=role, jobs=jobs)
        try:
            with psycopg.connect(dsn) as connection:
                changes_apply(connection, self.changes())
        except psycopg.Error as error:
            raise BackupProblem(f"The changes in the backup cannot be loaded: {error}") from error
        restore(dsn, self.file, INDEXES, role=role, jobs=jobs)


@contextmanager
def dump_file(target: Target, manifest: Manifest, folder: Path) -> Iterator[Dump]:
    """Give the dump as a file of this machine, readable by this user alone, for the block."""
    handle, name = mkstemp(prefix="restore-", suffix=".dump", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in target.read(f"backups/{manifest.id}/{DATABASE}"):
                file.write(chunk)
        yield Dump(Path(name), lambda: target.read(f"backups/{manifest.id}/{CHANGES}"))
    finally:
        Path(name).unlink(missing_ok=True)


def embedded_accept(server: ServerAddresses, folder: DataFolder, *, replace: bool) -> bool:
    """Tell whether the embedded database is empty; refuse one that is not, or that somebody works with.

    Raises:
        BackupProblem: see above; `replace` allows contents, not other users.
    """
    empty = _named(server.superuser_dsn, NAME, database_is_empty)
    if not empty and not replace:
        raise BackupProblem(
            f"The data folder {folder.path} holds an installation already: restore into a new folder, or "
            "add --replace; then the database that is there is kept beside under another name."
        )
    with psycopg.connect(server.superuser_dsn, autocommit=True) as boss:
        row = boss.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname IN (%s, %s)", [NAME, DRAFT]
        ).fetchone()
    if row and row[0]:
        raise BackupProblem(
            "Somebody works with the database of this data folder: end qaitar there first (Ctrl-C in the window "
            "of `qaitar up`, `web` or `worker`)."
        )
    return empty


def embedded_restore(
    server: ServerAddresses, folder: DataFolder, dump: Dump, *, replaced_as: str | None
) -> None:
    """Load a dump into the embedded server; the database gets its name only when it is loaded and walled.

    Args:
        server: where it runs; held by the caller, accepted by `embedded_accept`.
        folder: its data folder.
        dump: the database of the backup.
        replaced_as: what the present database is renamed to; None drops it, for it is empty.

    Raises:
        BackupProblem: the dump cannot be loaded; the present database stays as it is.
    """
    with psycopg.connect(server.superuser_dsn, autocommit=True) as boss:
        _run(boss, "DROP DATABASE IF EXISTS {}", DRAFT)
        _run(boss, "CREATE DATABASE {} OWNER {}", DRAFT, OWNER_ROLE)
        draft = make_url({**parts_of(server.superuser_dsn), "dbname": DRAFT})
        dump.load(draft, role=OWNER_ROLE, jobs=JOBS)
        _finish(make_url({**parts_of(server.owner_dsn), "dbname": DRAFT}), APP_ROLE)
        if replaced_as is None:
            _run(boss, "DROP DATABASE {}", NAME)
        else:
            _run(boss, "ALTER DATABASE {} RENAME TO {}", NAME, replaced_as)
        _run(boss, "ALTER DATABASE {} RENAME TO {}", DRAFT, NAME)
        boss.execute("CHECKPOINT")
    prepare_roles(
        server.superuser_dsn,
        folder.secret("database-app"),
        owner_password=folder.secret("database-owner"),
    )


def foreign_accept(addresses: DatabaseAddresses) -> None:
    """Refuse a database of `DATABASE_URL` that has tables.

    Raises:
        BackupProblem: it has.
    """
    with psycopg.connect(addresses.owner_dsn, autocommit=True) as owner:
        row = owner.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    if row and row[0]:
        raise BackupProblem(
            "The database of DATABASE_URL has tables already: make an empty one (`CREATE DATABASE … OWNER …`) "
            "and give its address."
        )


def foreign_restore(addresses: DatabaseAddresses, dump: Dump) -> None:
    """Load a dump into the empty database of `DATABASE_URL`.

    Raises:
        BackupProblem: the dump cannot be loaded; the database is empty again.
    """
    try:
        dump.load(addresses.owner_dsn, role=None, jobs=1)
    except BackupProblem:
        _emptied(addresses.owner_dsn)
        raise
    _finish(addresses.owner_dsn, parts_of(addresses.app_dsn).get("user", APP_ROLE))


def _emptied(owner_dsn: str) -> None:
    """Remove what a broken-off load has left in a database that had no tables: all of the role's own."""
    with psycopg.connect(owner_dsn) as owner:
        for kind, name in owner.execute(_OWN).fetchall():
            owner.execute(
                sql.SQL("DROP {} IF EXISTS {} CASCADE").format(sql.SQL(kind), sql.SQL(name))
            )


_OWN: Final = """
SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, oid::regclass::text
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S', 'v', 'c')
  AND relowner = current_user::regrole
UNION ALL SELECT 'FUNCTION', oid::regprocedure::text FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND proowner = current_user::regrole
UNION ALL SELECT 'TYPE', oid::regtype::text FROM pg_type
WHERE typnamespace = 'public'::regnamespace AND typowner = current_user::regrole AND typtype IN ('e', 'd')
"""


def files_restore(target: Target, manifest: Manifest, store: FileStore) -> Copied:
    """Put the backup's files into the store, each proved by its hash; names those that are missing or damaged."""
    wanted = files_parse(target.read(f"backups/{manifest.id}/{FILES}"))
    return files_to_store(target, store, wanted)


def rows_compare(dsn: str, manifest: Manifest) -> dict[str, tuple[int, int]]:
    """Compare the rows of every table with the manifest: table → (in the backup, found), only where they differ.

    `dsn` is of a superuser or of the tables' owner, who sees what every merchant's walls hold.
    """
    with psycopg.connect(dsn) as connection:
        connection.execute(SEE_EVERY_MERCHANT)
        found = rows_counted(connection)
    tables = sorted(set(manifest.rows) | set(found))
    both = {each: (manifest.rows.get(each, 0), found.get(each, 0)) for each in tables}
    return {each: counts for each, counts in both.items() if counts[0] != counts[1]}


def database_is_empty(connection: psycopg.Connection[Any]) -> bool:
    """Tell whether nobody has begun to work in this database: no person and no merchant."""
    row = connection.execute("SELECT to_regclass('foundation_user') IS NULL").fetchone()
    if row is None or row[0]:
        return True
    row = connection.execute(
        "SELECT NOT EXISTS (SELECT 1 FROM foundation_user UNION ALL SELECT 1 FROM foundation_merchantkey)"
    ).fetchone()
    return bool(row and row[0])


def _named(dsn: str, database: str, ask: Callable[[psycopg.Connection[Any]], bool]) -> bool:
    with psycopg.connect(make_url({**parts_of(dsn), "dbname": database})) as connection:
        return ask(connection)


def _finish(owner_dsn: str, app_role: str) -> None:
    """Put up what a dump without roles does not hold: walls, rights, the append-only journal; and fresh statistics."""
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        walls_install.install(owner, app_role=app_role)
        owner.execute("ANALYZE")


def _run(connection: psycopg.Connection[Any], text: LiteralString, *names: str) -> None:
    connection.execute(sql.SQL(text).format(*map(sql.Identifier, names)))
