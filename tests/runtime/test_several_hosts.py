"""An address that names several hosts: whichever takes writes is used, and after a failover the other one."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest

from qaitar.runtime.addresses import parts_of
from qaitar.runtime.database import resolve_database
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.postgres import EmbeddedPostgres
from tests.runtime.programs import first_line, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qaitar.runtime.postgres import ServerAddresses

WORKS_ON_THROUGH_DJANGO = """
import os, sys, time
from qaitar.runtime.database import handed_on, resolve_database
from qaitar.runtime.folder import DataFolder
folder = DataFolder(sys.argv[1])
os.environ["DATABASE_URL"], os.environ["QAITAR_APP_DATABASE_URL"] = sys.argv[2:4]
os.environ.update(handed_on(resolve_database(folder, os.environ)))
os.environ["DJANGO_SETTINGS_MODULE"] = "qaitar.config.settings"
import django
django.setup()
from django.db import DatabaseError, close_old_connections, connections
from qaitar.foundation.ops.jobs import database_gone
def asked(name):
    close_old_connections()
    try:
        with connections[name].cursor() as cursor:
            cursor.execute("SHOW port")
            return cursor.fetchone()[0]
    except DatabaseError as error:
        return "gone" if database_gone(error) else repr(error)
print(*map(asked, ("default", "owner")), flush=True)
while not os.path.exists(sys.argv[4]):
    time.sleep(0.02)
for _ in range(2):
    print(*map(asked, ("default", "owner")), flush=True)
"""


@pytest.fixture
def pair(once_made: Path, tmp_path: Path) -> Iterator[tuple[ServerAddresses, ServerAddresses]]:
    """Give two servers with the same contents; the second takes no writes."""
    folders = [DataFolder(tmp_path / name) for name in ("one", "two")]
    for folder in folders:
        subprocess.run(["cp", "-a", f"{once_made}/.", folder.path], check=True)
    with EmbeddedPostgres(folders[0]) as one, EmbeddedPostgres(folders[1]) as two:
        first, second = one.ensure_running(), two.ensure_running()
        takes_writes(second, yes=False)
        yield first, second


def takes_writes(server: ServerAddresses, *, yes: bool) -> None:
    """Let a server take writes or none, as one that was promoted or demoted: whoever is connected is thrown out."""
    with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
        value = "off" if yes else "on"
        connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}".encode())
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def together(dsn: str, ports: str) -> str:
    """Write the address of both."""
    parts = parts_of(dsn)
    return (
        f"postgresql://{parts['user']}:{parts['password']}@/{parts['dbname']}"
        f"?host=127.0.0.1,127.0.0.1&port={ports}"
    )


def test_the_program_goes_on_at_the_host_that_takes_writes_now(
    pair: tuple[ServerAddresses, ServerAddresses], folder: DataFolder, tmp_path: Path
) -> None:
    """The primary is lost: both of the program's connections fail once, then work at the other host."""
    first, second = pair
    ports = f"{second.port},{first.port}"
    both = together(first.owner_dsn, ports), together(first.app_dsn, ports)
    done = tmp_path / "promoted"
    with running(WORKS_ON_THROUGH_DJANGO, folder.path, *both, done) as program:
        assert first_line(program) == f"{first.port} {first.port}"
        takes_writes(second, yes=True)
        takes_writes(first, yes=False)
        done.touch()
        assert first_line(program) == "gone gone"
        assert first_line(program) == f"{second.port} {second.port}"


def test_what_an_address_says_besides_reaches_every_connection(
    pair: tuple[ServerAddresses, ServerAddresses], folder: DataFolder
) -> None:
    """An operator's own time-out wins; the rest is ours; several hosts mean the one that takes writes."""
    first, second = pair
    ports = f"{second.port},{first.port}"
    environ = {
        "DATABASE_URL": together(first.owner_dsn, ports) + "&connect_timeout=7",
        "QAITAR_APP_DATABASE_URL": first.app_dsn,
    }
    found = resolve_database(folder, environ)
    owner, app = parts_of(found.owner_dsn), parts_of(found.app_dsn)
    assert (owner["connect_timeout"], owner["target_session_attrs"]) == ("7", "read-write")
    assert (app["connect_timeout"], app.get("target_session_attrs")) == ("3", None)
    for parts in (owner, app):
        assert (parts["keepalives_idle"], parts["tcp_user_timeout"]) == ("5", "10000")
    takes_writes(first, yes=False)
    with pytest.raises(psycopg.OperationalError, match="session is read-only"):
        psycopg.connect(found.owner_dsn)
