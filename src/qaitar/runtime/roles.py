"""The two roles of a database: the owner changes tables, the application's is bound by policies."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from qaitar.runtime.addresses import APP_ROLE, DATABASE, OWNER_ROLE, with_role
from qaitar.runtime.problems import DatabaseProblem
from qaitar.runtime.safety import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

_APP_RIGHTS = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"
# The owner makes databases too: a test run works in one of its own.
_OWNER_RIGHTS = "LOGIN NOSUPERUSER CREATEDB NOCREATEROLE NOBYPASSRLS"


def prepare_roles(
    superuser_or_owner_dsn: str, app_password: str, *, owner_password: str | None = None
) -> None:
    """Make the roles and their rights if they are missing; doing it again changes nothing.

    With `owner_password` the address is the embedded server's superuser: the database `qaitar`, its
    owner `qaitar_owner` and `qaitar_app` are made and given these passwords.  Without it the address
    is a foreign server's, its user is the owner, and only `qaitar_app` is made, if the user may.
    An existing role of a foreign server keeps its password.

    Raises:
        DatabaseProblem: a right is missing; the sentence holds the SQL an administrator must run.
    """
    if owner_password is not None:
        _prepare_embedded(superuser_or_owner_dsn, app_password, owner_password)
        return
    with connect(superuser_or_owner_dsn) as connection, _in_words():
        _require_owner(connection)
        if not _exists(connection, APP_ROLE):
            _make_foreign_app(connection, app_password)
        _let_app_in(connection)


def _prepare_embedded(superuser_dsn: str, app_password: str, owner_password: str) -> None:
    with connect(superuser_dsn) as connection, _in_words():
        _make_or_alter(connection, OWNER_ROLE, _OWNER_RIGHTS, owner_password)
        _make_or_alter(connection, APP_ROLE, _APP_RIGHTS, app_password)
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if found.fetchone() is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE)
                )
            )
    with connect(with_role(superuser_dsn, OWNER_ROLE, owner_password)) as connection, _in_words():
        _let_app_in(connection)


def _make_or_alter(
    connection: psycopg.Connection[Any], role: str, rights: str, password: str
) -> None:
    verb = "ALTER" if _exists(connection, role) else "CREATE"
    connection.execute(
        sql.SQL("{} ROLE {} {} PASSWORD {}").format(
            sql.SQL(verb),
            sql.Identifier(role),
            sql.SQL(rights),
            sql.Literal(_verifier(connection, role, password)),
        )
    )


def _verifier(connection: psycopg.Connection[Any], role: str, password: str) -> str:
    """Return what the server stores for a password, so that the password itself is never sent."""
    made = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return made.decode()


def _make_foreign_app(connection: psycopg.Connection[Any], password: str) -> None:
    row = connection.execute(
        "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if row is None or not row[0]:
        raise DatabaseProblem(
            f"The user of DATABASE_URL may not make the role {APP_ROLE} that the program works under: "
            f"have an administrator run `{_sql_for_admin(connection)}` and give that role's address "
            "in QAITAR_APP_DATABASE_URL."
        )
    with contextlib.suppress(psycopg.errors.DuplicateObject):  # another machine was first
        _make_or_alter(connection, APP_ROLE, _APP_RIGHTS, password)


def _sql_for_admin(connection: psycopg.Connection[Any]) -> str:
    database = sql.Identifier(connection.info.dbname).as_string(connection)
    return (
        f"CREATE ROLE {APP_ROLE} {_APP_RIGHTS} PASSWORD 'choose-one'; "
        f"GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {APP_ROLE};"
    )


def _require_owner(connection: psycopg.Connection[Any]) -> None:
    row = connection.execute(
        "SELECT has_schema_privilege(current_user, 'public', 'CREATE')"
    ).fetchone()
    if row is None or not row[0]:
        database = sql.Identifier(connection.info.dbname).as_string(connection)
        owner = sql.Identifier(connection.info.user).as_string(connection)
        raise DatabaseProblem(
            "The user of DATABASE_URL may not make tables: have an administrator run "
            f"`ALTER DATABASE {database} OWNER TO {owner};`."
        )


def _let_app_in(connection: psycopg.Connection[Any]) -> None:
    """Let the application's role connect and use temporary tables; tables are granted one by one.

    Newcomers to the server get no way in by default.
    """
    database, app = sql.Identifier(connection.info.dbname), sql.Identifier(APP_ROLE)
    for line in (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {app}",
        "GRANT USAGE ON SCHEMA public TO {app}",
    ):
        connection.execute(sql.SQL(line).format(database=database, app=app))
    row = connection.execute(
        "SELECT has_database_privilege(%s, current_database(), 'CONNECT')", [APP_ROLE]
    ).fetchone()
    if row is None or not row[0]:
        raise DatabaseProblem(
            f"The role {APP_ROLE} may not connect: have an administrator run "
            f"`{_sql_for_admin(connection).partition('; ')[2]}`."
        )


def _exists(connection: psycopg.Connection[Any], role: str) -> bool:
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    return found.fetchone() is not None


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        message = " ".join(str(error).split())
        raise DatabaseProblem(f"The database's roles could not be prepared: {message}") from error
