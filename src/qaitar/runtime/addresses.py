"""Addresses of databases as libpq URLs: made, and changed to another role."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from qaitar.runtime.problems import DatabaseProblem

DATABASE = "qaitar"
OWNER_ROLE = "qaitar_owner"
APP_ROLE = "qaitar_app"


@dataclass(frozen=True, slots=True)
class DatabaseAddresses:
    """Where the database is, for the role that changes tables and for the one the program uses.

    Both are libpq URLs and hold passwords, so they are left out of the printed form.
    """

    owner_dsn: str = field(repr=False)
    app_dsn: str = field(repr=False)
    embedded: bool


def make_url(parts: dict[str, str]) -> str:
    """Build a libpq URL from connection parameters named as libpq names them.

    >>> make_url({"user": "qaitar_app", "password": "a/b", "host": "::1", "dbname": "qaitar"})
    'postgresql://qaitar_app:a%2Fb@[::1]/qaitar'
    >>> make_url({"user": "u", "host": "/run/postgresql", "dbname": "shop", "sslmode": "disable"})
    'postgresql://u@/shop?host=%2Frun%2Fpostgresql&sslmode=disable'
    """
    rest = dict(parts)
    user, password = rest.pop("user", ""), rest.pop("password", "")
    who = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    where = ""
    if (host := rest.get("host", "")) and not set(host) & {"/", ","}:
        del rest["host"]
        where = f"[{host}]" if ":" in host else host
        where += f":{port}" if (port := rest.pop("port", "")) else ""
    name = quote(rest.pop("dbname", ""), safe="")
    query = f"?{urlencode(rest, quote_via=quote, safe='')}" if rest else ""
    return f"postgresql://{who}{'@' if who else ''}{where}/{name}{query}"


def parts_of(dsn: str) -> dict[str, str]:
    """Split a libpq URL or `key=value` line into its parameters.

    Raises:
        DatabaseProblem: it cannot be read; the address is not repeated, as it may hold a password.

    >>> parts_of("postgresql://u:p@db.example/shop")["host"]
    'db.example'
    """
    try:
        return {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value}
    except ProgrammingError as error:
        raise DatabaseProblem(
            "The database address cannot be read: write it as "
            "postgresql://USER:PASSWORD@HOST:5432/DATABASE."
        ) from error


def with_role(dsn: str, role: str, password: str) -> str:
    """Return the same database's address for another role.

    >>> with_role("postgresql://boss:x@db:5433/shop?sslmode=require", "qaitar_app", "y")
    'postgresql://qaitar_app:y@db:5433/shop?sslmode=require'
    """
    return make_url({**parts_of(dsn), "user": role, "password": password})


def shown(dsn: str) -> str:
    """Return the address without its password, for messages.

    >>> shown("postgresql://boss:x@db/shop")
    'boss@db/shop'
    """
    parts = parts_of(dsn)
    port = f":{parts['port']}" if "port" in parts else ""
    host = parts.get("host", "this machine")
    return f"{parts.get('user', '')}@{host}{port}/{parts.get('dbname', '')}"
