"""Refuses a database that may lose what it acknowledged, or that opens walls between merchants.

Killing a server does not reveal `fsync = off`: the rows survive in the system's memory until the
power fails.  So the settings are asked for, at each start.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import psycopg

from qaitar.runtime.addresses import parts_of
from qaitar.runtime.problems import DatabaseProblem, UnsafeDatabase

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

LEAST_VERSION = 15
_MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")
_SETTINGS = """
    SELECT current_setting('server_version_num')::int / 10000,
           current_setting('fsync'), current_setting('full_page_writes'),
           current_setting('synchronous_commit'), current_setting('data_checksums')
"""
_ROLE = """
    SELECT rolname, rolsuper, rolbypassrls,
           pg_has_role(current_user, d.datdba, 'MEMBER')
      FROM pg_roles, pg_database d
     WHERE rolname = current_user AND d.datname = current_database()
"""


def connect(dsn: str) -> psycopg.Connection[Any]:
    """Open one short-lived connection, each statement its own transaction.

    Raises:
        DatabaseProblem: the server does not let us in; the sentence carries its own words.
    """
    try:
        patience = parts_of(dsn).get("connect_timeout", "10")
        return psycopg.connect(dsn, autocommit=True, connect_timeout=int(patience))
    except psycopg.OperationalError as error:
        message = " ".join(str(error).split())
        raise DatabaseProblem(f"The database does not let us in: {message}") from error


def assert_safe(connection_or_dsn: psycopg.Connection[Any] | str) -> tuple[str, ...]:
    """Refuse a server that may lose acknowledged rows; returns lesser worries, also logged.

    What counts is what holds for the role that connects: a role may carry its own settings.

    Raises:
        UnsafeDatabase: fsync, full_page_writes or synchronous_commit is off, or it is older than 15.
    """
    version, fsync, pages, commit, checksums = _ask(connection_or_dsn, _SETTINGS)
    if version < LEAST_VERSION:
        raise UnsafeDatabase(
            f"The database server is PostgreSQL {version}, at least {LEAST_VERSION} is needed: "
            "upgrade it or leave DATABASE_URL unset to use the embedded one."
        )
    for name, value in zip(_MUST_BE_ON, (fsync, pages, commit), strict=True):
        if value == "off":
            raise UnsafeDatabase(
                f"The database runs with {name} = off and may lose what it has acknowledged: set "
                f"{name} = on in its settings and restart it."
            )
    if checksums == "on":
        return ()
    worry = (
        "The database runs without data checksums, so damage on the disk goes unseen: switch them on "
        "with pg_checksums --enable while the server is stopped."
    )
    _log.warning(worry)
    return (worry,)


def assert_walled(connection_or_dsn: psycopg.Connection[Any] | str) -> None:
    """Refuse an application role that row-level security does not bind.

    Raises:
        UnsafeDatabase: it is a superuser, bypasses policies or owns the database.
    """
    role, is_super, bypasses, owns = _ask(connection_or_dsn, _ROLE)
    faults = [
        (is_super, "is a superuser"),
        (bypasses, "has BYPASSRLS"),
        (owns, "owns the database"),
    ]
    for wrong, says in faults:
        if wrong:
            raise UnsafeDatabase(
                f"The application's database role {role} {says}, so merchants would not be kept apart: "
                "give another role's address in QAITAR_APP_DATABASE_URL, made with CREATE ROLE … LOGIN "
                "NOSUPERUSER NOBYPASSRLS."
            )


def _ask(connection_or_dsn: psycopg.Connection[Any] | str, query: str) -> tuple[Any, ...]:
    if isinstance(connection_or_dsn, str):
        with connect(connection_or_dsn) as connection:
            return _first(connection.execute, query)
    return _first(connection_or_dsn.execute, query)


def _first(execute: Callable[[str], psycopg.Cursor[Any]], query: str) -> tuple[Any, ...]:
    row = execute(query).fetchone()
    if row is None:
        raise DatabaseProblem("The database did not say its settings: try again.")
    return tuple(row)
