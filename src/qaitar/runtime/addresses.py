"""Addresses of databases as libpq URLs: made, and changed to another role."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from qaitar.runtime.problems import DatabaseProblem

# A host whose power or network went away answers nothing, not even a refusal.  Without these it is waited for by the
# system's own measure: minutes for a new connection, two hours for an open one.
_LINE = {
    "connect_timeout": "3",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
_ONE_OF_SEVERAL = {"target_session_attrs": "read-write"}
DATABASE = "qaitar"
OWNER_ROLE = "qaitar_owner"
APP_ROLE = "qaitar_app"


@dataclass(frozen=True, slots=True)
class DatabaseAddresses:
    """Where the database is, for the role that changes tables (empty: not known here) and for the one the program uses.

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


def steadied(dsn: str) -> str:
    """Return the address with what notices within seconds that a host is gone; what it says itself wins.

    Of several hosts the one that takes writes is meant: after a failover that is another one.

    >>> steadied("postgresql://u@db/shop?connect_timeout=9").partition("?")[2][:34]
    'connect_timeout=9&keepalives_idle='
    >>> parts_of(steadied("postgresql://u@db1,db2/shop"))["target_session_attrs"]
    'read-write'
    """
    given = parts_of(dsn)
    several = _ONE_OF_SEVERAL if "," in given.get("host", "") + given.get("hostaddr", "") else {}
    return make_url({**_LINE, **several, **given})


def without_password(dsn: str) -> str:
    """Return the address without its password, for messages.

    >>> without_password("postgresql://boss:x@db/shop")
    'boss@db/shop'
    """
    parts = parts_of(dsn)
    port = f":{parts['port']}" if "port" in parts else ""
    host = parts.get("host", "this machine")
    return f"{parts.get('user', '')}@{host}{port}/{parts.get('dbname', '')}"
