"""A database for benches alone, on the shop's server but beside its data: nothing measured ever touches a merchant."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import override_settings
from psycopg import sql

from qaitar.foundation.ops.database_connections import point_connection
from qaitar.runtime.addresses import APP_ROLE, DatabaseAddresses, make_url, parts_of
from qaitar.runtime.database import handed_on
from qaitar.runtime.problems import DatabaseProblem

if TYPE_CHECKING:
    from typing import LiteralString

PREFIX: Final = "qaitar_bench"


@dataclass(frozen=True, slots=True)
class BenchDatabase:
    """One bench database, migrated and walled; Django in this process and its children work on it."""

    name: str
    addresses: DatabaseAddresses
    made: bool

    def owner(self) -> psycopg.Connection[tuple[object, ...]]:
        """Connect as the owner of the tables, each statement its own transaction."""
        return psycopg.connect(self.addresses.owner_dsn, autocommit=True)

    def note(self) -> str:
        """Read what was last noted about the database's contents; empty when nothing was."""
        with self.owner() as owner:
            row = owner.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
                " WHERE datname = current_database()"
            ).fetchone()
        return str(row[0] or "") if row else ""

    def hurry(self) -> None:
        """Let this database's sessions go on before the disk has what they wrote; for data nobody will miss.

        The program itself refuses to work on a database set so (`runtime.safety`).
        """
        with self.owner() as owner:
            _run(owner, "ALTER DATABASE {} SET synchronous_commit = off", sql.Identifier(self.name))

    def note_set(self, text: str) -> None:
        """Note on the database itself what it holds, so that the next run knows it again."""
        with self.owner() as owner:
            _run(
                owner, "COMMENT ON DATABASE {} IS {}", sql.Identifier(self.name), sql.Literal(text)
            )


def _run(
    owner: psycopg.Connection[tuple[object, ...]], text: LiteralString, *parts: sql.Composable
) -> None:
    owner.execute(sql.SQL(text).format(*parts))


def _elsewhere(dsn: str, name: str) -> str:
    return make_url({**parts_of(dsn), "dbname": name})


def ground_open(shop: DatabaseAddresses, suffix: str, *, fresh: bool = False) -> BenchDatabase:
    """Make the bench database `qaitar_bench_<suffix>` if it is missing (or anew), and move Django to it.

    Raises:
        DatabaseProblem: the owner may not make databases.
    """
    name = f"{PREFIX}_{suffix}"
    addresses = DatabaseAddresses(
        _elsewhere(shop.owner_dsn, name), _elsewhere(shop.app_dsn, name), shop.embedded
    )
    for each in connections.all(initialized_only=True):
        each.close()
    made = _make(shop.owner_dsn, name, parts_of(shop.app_dsn).get("user", APP_ROLE), fresh=fresh)
    point(addresses)
    call_command("migrate", database="owner", verbosity=0)
    app_role = parts_of(addresses.app_dsn).get("user", APP_ROLE)
    call_command("walls_install", owner_dsn=addresses.owner_dsn, app_role=app_role)
    connections["owner"].close()
    return BenchDatabase(name, addresses, made)


def ground_copy(shop: DatabaseAddresses, ground: BenchDatabase, suffix: str) -> BenchDatabase:
    """Make `qaitar_bench_<suffix>` anew, just as a ground is that nobody but this process is connected to."""
    name = f"{PREFIX}_{suffix}"
    for each in connections.all(initialized_only=True):
        each.close()
    app_role = parts_of(shop.app_dsn).get("user", APP_ROLE)
    made = _make(shop.owner_dsn, name, app_role, fresh=True, like=ground.name)
    addresses = DatabaseAddresses(
        _elsewhere(shop.owner_dsn, name), _elsewhere(shop.app_dsn, name), shop.embedded
    )
    return BenchDatabase(name, addresses, made)


def files_in(folder: str) -> override_settings:
    """Keep files in this folder instead of where the shop keeps its own, for a while."""
    storage = {**settings.STORAGES["files"], "OPTIONS": {"location": folder}}
    return override_settings(STORAGES={**settings.STORAGES, "files": storage})


def ground_drop(shop: DatabaseAddresses, ground: BenchDatabase) -> None:
    """Remove a bench database; Django goes back to the shop's."""
    point(shop)
    with psycopg.connect(shop.owner_dsn, autocommit=True) as owner:
        _run(owner, "DROP DATABASE IF EXISTS {}", sql.Identifier(ground.name))


def _make(
    owner_dsn: str, name: str, app_role: str, *, fresh: bool, like: str = "template1"
) -> bool:
    try:
        with psycopg.connect(owner_dsn, autocommit=True) as owner:
            if fresh:
                _run(owner, "DROP DATABASE IF EXISTS {}", sql.Identifier(name))
            found = owner.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if found.fetchone() is not None:
                return False
            _run(
                owner, "CREATE DATABASE {} TEMPLATE {}", sql.Identifier(name), sql.Identifier(like)
            )
            _run(owner, "REVOKE ALL ON DATABASE {} FROM PUBLIC", sql.Identifier(name))
            _run(
                owner,
                "GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}",
                sql.Identifier(name),
                sql.Identifier(app_role),
            )
            return True
    except psycopg.errors.ObjectInUse as error:
        raise DatabaseProblem(
            f"The bench database {name} is in use: another bench is running; wait for its end."
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseProblem(
            f"The bench needs a database of its own ({name}) and the owner may not make one: have an"
            " administrator run ALTER ROLE … CREATEDB, or leave DATABASE_URL unset."
        ) from error


def point(addresses: DatabaseAddresses) -> None:
    """Move Django's two connections, and the environment of child processes, to these addresses."""
    for alias, dsn in (("default", addresses.app_dsn), ("owner", addresses.owner_dsn)):
        point_connection(alias, dsn)
    os.environ.update(handed_on(addresses))
