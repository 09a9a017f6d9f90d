"""Which database this installation works on: one given by address, or the embedded one."""

from __future__ import annotations

import atexit
import contextlib
import logging
from typing import TYPE_CHECKING

from qaitar.runtime.addresses import (
    APP_ROLE,
    DatabaseAddresses,
    steadied,
    with_role,
    without_password,
)
from qaitar.runtime.postgres import EmbeddedPostgres
from qaitar.runtime.problems import DatabaseProblem, Problem
from qaitar.runtime.roles import prepare_roles
from qaitar.runtime.safety import assert_safe, assert_walled, connect

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qaitar.runtime.folder import DataFolder

_log = logging.getLogger(__name__)

# A parent that knows the database hands it to its children in these two; to web, worker and stand-ins in the second alone.
OWNER_VARIABLE = "QAITAR_DB_OWNER_DSN"
APP_VARIABLE = "QAITAR_DB_APP_DSN"
# An operator names a server of his own in these two.
FOREIGN_VARIABLE = "DATABASE_URL"
FOREIGN_APP_VARIABLE = "QAITAR_APP_DATABASE_URL"
# What only a process that makes tables or databases may hold.
OWNERS_VARIABLES = (OWNER_VARIABLE, FOREIGN_VARIABLE)

_used: dict[Path, EmbeddedPostgres] = {}


def resolve_database(folder: DataFolder, environ: Mapping[str, str]) -> DatabaseAddresses:
    """Return the database's addresses, with the server running, safe and its two roles made.

    First what a parent process handed over, then `DATABASE_URL`, then `QAITAR_APP_DATABASE_URL` alone,
    else the embedded server: it is started when nobody has, and stopped when this process ends unless
    others use it too.  The owner's address is empty where this process was not given it.

    Raises:
        DatabaseProblem: there is no usable database; the sentence says what to do.
        UnsafeDatabase: there is, but it may lose acknowledged rows or does not keep merchants apart.
    """
    if (handed := _handed(environ)) is not None:
        return handed
    if environ.get(FOREIGN_VARIABLE):
        return _foreign(folder, environ)
    if environ.get(FOREIGN_APP_VARIABLE):
        return _foreign_program(environ)
    server = _used.get(folder.path)
    if server is None:
        server = _used[folder.path] = EmbeddedPostgres(folder)
        atexit.register(server.stop)
    return server.start().database


def keep_database(folder: DataFolder) -> None:
    """Start the embedded server again if it died; for a supervisor to call every second.

    Does nothing when this process does not use one.  When it cannot be started now (a full disk, say)
    that is logged, and the next call tries again.
    """
    server = _used.get(folder.path)
    if server is None:
        return
    try:
        server.ensure_running()
    except Problem:
        _log.exception("The embedded database is down; trying again.")


def release_database(folder: DataFolder) -> bool:
    """Leave the embedded server before the process ends; returns whether that stopped it."""
    server = _used.pop(folder.path, None)
    if server is None:
        return False
    atexit.unregister(server.stop)
    return server.stop()


def handed_on(addresses: DatabaseAddresses) -> dict[str, str]:
    """Return the environment variables that hand the database to a child process that makes tables or databases."""
    return {OWNER_VARIABLE: addresses.owner_dsn, **handed_to_program(addresses)}


def handed_to_program(addresses: DatabaseAddresses) -> dict[str, str]:
    """Return the environment variables of a process that serves people or runs jobs: never the owner's address."""
    foreign = {} if addresses.embedded else {FOREIGN_APP_VARIABLE: addresses.app_dsn}
    return {APP_VARIABLE: addresses.app_dsn, **foreign}


def knows_owner(environ: Mapping[str, str]) -> bool:
    """Tell whether an environment holds the address of the database's owner."""
    return any(environ.get(name) for name in OWNERS_VARIABLES)


def _handed(environ: Mapping[str, str]) -> DatabaseAddresses | None:
    app = environ.get(APP_VARIABLE)
    if not app:
        return None
    foreign = environ.get(FOREIGN_VARIABLE) or environ.get(FOREIGN_APP_VARIABLE)
    owner = environ.get(OWNER_VARIABLE, "")
    if not owner and environ.get(FOREIGN_VARIABLE):
        return None
    return DatabaseAddresses(owner, app, embedded=not foreign)


def _foreign_program(environ: Mapping[str, str]) -> DatabaseAddresses:
    addresses = DatabaseAddresses("", steadied(environ[FOREIGN_APP_VARIABLE]), embedded=False)
    _judge(addresses)
    return addresses


def _judge(addresses: DatabaseAddresses) -> None:
    with connect(addresses.app_dsn) as connection:
        assert_safe(connection)
        assert_walled(connection)


def _foreign_addresses(folder: DataFolder, environ: Mapping[str, str]) -> DatabaseAddresses:
    owner = environ[FOREIGN_VARIABLE]
    app = environ.get(FOREIGN_APP_VARIABLE)
    if not app:
        app = with_role(owner, APP_ROLE, folder.secret("database-app"))
    return DatabaseAddresses(steadied(owner), steadied(app), embedded=False)


def _foreign(folder: DataFolder, environ: Mapping[str, str]) -> DatabaseAddresses:
    addresses = _foreign_addresses(folder, environ)
    with connect(addresses.owner_dsn) as connection:
        assert_safe(connection)
    if not environ.get(FOREIGN_APP_VARIABLE) and not _lets_in(addresses.app_dsn):
        prepare_roles(addresses.owner_dsn, folder.secret("database-app"))
        if not _lets_in(addresses.app_dsn):
            raise DatabaseProblem(
                f"The role {APP_ROLE} exists on the server of {FOREIGN_VARIABLE} with another "
                f"password, or its rules do not let it in: give its address in {FOREIGN_APP_VARIABLE} "
                f"(instead of {without_password(addresses.app_dsn)})."
            )
    _judge(addresses)
    return addresses


def _lets_in(dsn: str) -> bool:
    with contextlib.suppress(DatabaseProblem), connect(dsn):
        return True
    return False
