"""Makes any command ready to work: data folder, secrets, database with its tables and walls, Django."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import django
import psycopg
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from qaitar.backup.manifest import NAMES_CHANGED
from qaitar.foundation.ops import logs
from qaitar.foundation.ops.database_connections import point_connection
from qaitar.runtime.addresses import APP_ROLE, parts_of
from qaitar.runtime.database import (
    OWNERS_VARIABLES,
    handed_on,
    handed_to_program,
    resolve_database,
)
from qaitar.runtime.folder import DataFolder, data_path
from qaitar.runtime.problems import DatabaseProblem, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses

RESTORING: Final = "restore.unfinished"  # in the data folder while a restore is under way, and after one broken off
MIGRATION_LOCK: Final = 7_241_981  # advisory: two commands on one empty folder migrate once


def prepare_django(path: Path, environ: MutableMapping[str, str]) -> None:
    """Make Django ready for a data folder without touching it, and without asking a database."""
    environ["QAITAR_DATA"] = str(path)
    environ.setdefault("DJANGO_SETTINGS_MODULE", "qaitar.config.settings")
    os.environ.update(environ)
    logs.configure()
    django.setup()


def prepare(
    data: str | None, environ: MutableMapping[str, str], *, owner: bool = False
) -> DataFolder:
    """Make the database reachable and migrated and Django ready; safe to call in any command, also on an empty folder.

    The address of the database's owner is used for migrating, then taken out of the environment and out of Django,
    unless the command needs it (`owner`).  Without that address nothing is migrated: the database has to be up to date.

    Raises:
        Problem: a sentence that says what stands in the way and what to do.
    """
    folder = DataFolder(data_path(data, environ))
    refuse_unfinished(folder)
    addresses = resolve_database(folder, environ)
    if owner and not addresses.owner_dsn:
        raise DatabaseProblem(
            "This command needs the address of the database's owner: give it in DATABASE_URL."
        )
    environ.update(handed_on(addresses))
    _refuse_two_journal_keys(addresses, environ)
    environ.setdefault("QAITAR_JOURNAL_KEY", folder.secret("journal_key"))
    environ.setdefault("QAITAR_SECRET_KEY", folder.secret("session_key"))
    environ.setdefault("QAITAR_ENCRYPTION_KEY", folder.secret("encryption_key"))
    prepare_django(folder.path, environ)
    if addresses.owner_dsn:
        migrate(addresses.owner_dsn, parts_of(addresses.app_dsn).get("user", APP_ROLE))
    else:
        _refuse_unmigrated()
    if not owner:
        _forget_owner(addresses, environ)
    return folder


def _refuse_two_journal_keys(addresses: DatabaseAddresses, environ: Mapping[str, str]) -> None:
    """Refuse to make a key on this machine where keys are given to several of them: their journals would not verify."""
    given = environ.get("QAITAR_ENCRYPTION_KEY") and not environ.get("QAITAR_JOURNAL_KEY")
    if given and not addresses.embedded:
        raise Problem(
            "QAITAR_ENCRYPTION_KEY is set and QAITAR_JOURNAL_KEY is not: give the key that signs the journal too, the "
            "same on every machine, 32 characters or more."
        )


def _forget_owner(addresses: DatabaseAddresses, environ: MutableMapping[str, str]) -> None:
    """Leave this process and its children the program's address alone."""
    for variables in (environ, os.environ):
        for name in OWNERS_VARIABLES:
            variables.pop(name, None)
        variables.update(handed_to_program(addresses))
    point_connection("owner", "")


def _refuse_unmigrated() -> None:
    executor = MigrationExecutor(connections["default"])
    wanted = executor.migration_plan(executor.loader.graph.leaf_nodes())
    connections["default"].close()
    if wanted:
        raise DatabaseProblem(
            "The database is not up to date: run `qaitar migrate` with the owner's address in DATABASE_URL first."
        )


def refuse_unfinished(folder: DataFolder) -> None:
    """Refuse a data folder that a restore has not finished, so that half a backup is never worked with.

    Raises:
        Problem: it is one.
    """
    if (folder.path / RESTORING).exists():
        raise Problem(
            f"A restore into the data folder {folder.path} is under way or was broken off: wait for its end, "
            "or run `qaitar restore` again."
        )


def _refuse_other_names(owner: psycopg.Connection[tuple[bool]]) -> None:
    """Refuse a database whose journal uses names of before: signed lines cannot be rewritten, and would contradict the tables."""
    there = owner.execute("SELECT to_regclass('returns_returnrequest') IS NOT NULL").fetchone()
    if there is None or not there[0]:
        return
    row = owner.execute(
        "SELECT NOT EXISTS (SELECT 1 FROM django_migrations WHERE app || '.' || name = %s)"
        " AND EXISTS (SELECT 1 FROM foundation_merchantkey)",
        [NAMES_CHANGED],
    ).fetchone()
    if row is not None and row[0]:
        raise DatabaseProblem(
            "This database was made by an earlier version of qaitar, whose journal names its values otherwise; signed "
            "lines cannot be rewritten. Go on with that version, or start anew with another data folder (--data)."
        )


def migrate(owner_dsn: str, app_role: str) -> bool:
    """Bring the tables up to date and put the walls up; tells whether there was anything to do.

    Raises:
        DatabaseProblem: its journal was written with other names of values; nothing was changed.
    """
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        _refuse_other_names(owner)
        executor = MigrationExecutor(connections["owner"])
        wanted = bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        if wanted:
            call_command("migrate", database="owner", verbosity=0)
            call_command("walls_install", owner_dsn=owner_dsn, app_role=app_role)
        connections["owner"].close()
    return wanted
