"""Which database is used, that it is safe, and that the program's role is bound by the walls."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest

from qaitar.runtime.addresses import APP_ROLE, DatabaseAddresses, steadied, with_role
from qaitar.runtime.cluster import program
from qaitar.runtime.database import (
    handed_on,
    keep_database,
    release_database,
    resolve_database,
)
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.postgres import EmbeddedPostgres, ServerAddresses
from qaitar.runtime.problems import DatabaseProblem, UnsafeDatabase
from qaitar.runtime.roles import prepare_roles
from qaitar.runtime.safety import assert_safe, assert_walled
from tests.runtime.programs import first_line, python, running, server_processes, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAddresses]:
    """Give a server that stands for the one an operator already has."""
    with EmbeddedPostgres(DataFolder(tmp_path_factory.mktemp("elsewhere"))) as server:
        yield server.ensure_running()


@pytest.fixture
def shop(elsewhere: ServerAddresses) -> Iterator[str]:
    """Give the address of an empty foreign database, its owner may not make roles."""
    owner = with_role(elsewhere.superuser_dsn, "boss", "pw").replace("/postgres?", "/shop?")
    with psycopg.connect(elsewhere.superuser_dsn, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS qaitar_app_kept")
        connection.execute("ALTER ROLE qaitar_app RENAME TO qaitar_app_kept")
        connection.execute("CREATE ROLE boss LOGIN PASSWORD 'pw'")
        connection.execute("CREATE DATABASE shop OWNER boss")
        yield owner
        connection.execute("DROP DATABASE shop WITH (FORCE)")
        connection.execute("DROP ROLE IF EXISTS qaitar_app")
        connection.execute("DROP ROLE boss")
        connection.execute("ALTER ROLE qaitar_app_kept RENAME TO qaitar_app")


def run(dsn: str, *lines: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for line in lines[:-1]:
            connection.execute(line)
        cursor = connection.execute(lines[-1])
        return cursor.fetchall() if cursor.description else []


ROLES = """SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolcanlogin
             FROM pg_roles WHERE rolname LIKE 'qaitar%' ORDER BY 1"""


def test_the_embedded_database_belongs_to_one_role_and_is_used_under_another(
    elsewhere: ServerAddresses,
) -> None:
    assert run(elsewhere.superuser_dsn, ROLES) == [
        ("qaitar_app", False, False, False, False, True),
        ("qaitar_owner", False, True, False, False, True),
    ]
    owns = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    assert run(elsewhere.app_dsn, owns) == [("qaitar_owner",)]
    assert run(elsewhere.app_dsn, "SELECT current_user, current_database()") == [
        ("qaitar_app", "qaitar"),
    ]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run(elsewhere.app_dsn, "CREATE TABLE mine (id int)")
    run(elsewhere.app_dsn, "CREATE TEMPORARY TABLE mine (id int)")
    run(elsewhere.owner_dsn, "CREATE TABLE ours (id int)", "DROP TABLE ours")


def test_preparing_the_roles_again_changes_nothing(elsewhere: ServerAddresses) -> None:
    before = run(elsewhere.superuser_dsn, ROLES)
    owner, app = (psycopg.conninfo.conninfo_to_dict(dsn)["password"] for dsn in (
        elsewhere.owner_dsn, elsewhere.app_dsn))  # fmt: skip
    prepare_roles(elsewhere.superuser_dsn, str(app), owner_password=str(owner))
    assert run(elsewhere.superuser_dsn, ROLES) == before
    assert run(elsewhere.app_dsn, "SELECT 1") == [(1,)]


def test_without_an_address_the_embedded_server_is_started_and_stored(folder: DataFolder) -> None:
    addresses = resolve_database(folder, {})
    began = time.perf_counter()
    assert resolve_database(folder, {}) == addresses
    assert time.perf_counter() - began < 0.05
    assert addresses.embedded is True
    assert run(addresses.app_dsn, "SELECT current_user") == [("qaitar_app",)]
    assert run(addresses.owner_dsn, "SELECT current_user") == [("qaitar_owner",)]
    assert release_database(folder) is True
    assert release_database(folder) is False
    assert server_processes(folder) == []


def test_a_command_that_started_the_server_stops_it_when_it_ends(folder: DataFolder) -> None:
    code = """
import sys
from qaitar.runtime.database import resolve_database
from qaitar.runtime.folder import DataFolder
print(resolve_database(DataFolder(sys.argv[1]), {}).embedded)
"""
    with python(code, folder.path) as command:
        assert command.communicate() == ("True\n", "")
    assert server_processes(folder) == []
    with EmbeddedPostgres(folder) as server:
        pid = server.ensure_running().pid
        with python(code, folder.path) as command:
            assert command.communicate() == ("True\n", "")
        assert server.ensure_running().pid == pid


def test_a_database_that_dies_under_a_supervisor_is_brought_back(
    folder: DataFolder, caplog: pytest.LogCaptureFixture
) -> None:
    keep_database(folder)
    assert not (folder.postgres / "data").exists()
    addresses = resolve_database(folder, {})
    for process in server_processes(folder):
        process.kill()
    wait_for(lambda: not server_processes(folder))
    control = folder.postgres / "data" / "global" / "pg_control"
    whole = control.read_bytes()
    control.write_bytes(bytes(len(whole)))
    keep_database(folder)
    assert caplog.messages == ["The embedded database is down; trying again."]
    control.write_bytes(whole)
    keep_database(folder)
    assert run(addresses.app_dsn, "SELECT 1") == [(1,)]
    assert release_database(folder) is True


def test_a_command_that_turns_into_another_program_still_counts(folder: DataFolder) -> None:
    code = """
import os, sys
from qaitar.runtime.database import resolve_database
from qaitar.runtime.folder import DataFolder
resolve_database(DataFolder(sys.argv[1]), {})
print("ready", flush=True)
os.execvp("sleep", ["sleep", "600"])
"""
    with running(code, folder.path) as command:
        first_line(command)
        wait_for(lambda: psutil.Process(command.pid).name() == "sleep")
        server = EmbeddedPostgres(folder)
        server.start()
        assert server.stop() is False
    assert server.start().pid == server_processes(folder)[0].pid
    assert server.stop() is True


def test_a_child_takes_what_its_parent_hands_on_and_starts_nothing(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    given = DatabaseAddresses("postgresql://owner@x/q", "postgresql://app@x/q", embedded=True)
    environ = handed_on(given)
    assert environ == {
        "QAITAR_DB_OWNER_DSN": "postgresql://owner@x/q",
        "QAITAR_DB_APP_DSN": "postgresql://app@x/q",
    }
    assert resolve_database(folder, environ) == given
    assert not (folder.postgres / "data").exists()


def test_a_foreign_owner_who_may_make_roles_gets_the_programs_role_made(
    elsewhere: ServerAddresses, shop: str, folder: DataFolder
) -> None:
    run(elsewhere.superuser_dsn, "ALTER ROLE boss CREATEROLE")
    environ = {"DATABASE_URL": shop}
    addresses = resolve_database(folder, environ)
    assert (addresses.owner_dsn, addresses.embedded) == (steadied(shop), False)
    assert run(addresses.app_dsn, "SELECT current_user, current_database()") == [
        ("qaitar_app", "shop"),
    ]
    assert run(elsewhere.superuser_dsn, ROLES)[0] == (
        *("qaitar_app", False, False, False, False, True),
    )
    assert resolve_database(folder, environ) == addresses
    assert not (folder.postgres / "data").exists()


def test_a_foreign_owner_who_may_not_is_reported_the_exact_sql_and_it_works(
    elsewhere: ServerAddresses, shop: str, folder: DataFolder
) -> None:
    with pytest.raises(DatabaseProblem) as reported:
        resolve_database(folder, {"DATABASE_URL": shop})
    lines = str(reported.value).split("`")[1]
    assert lines == (
        "CREATE ROLE qaitar_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS "
        "PASSWORD 'choose-one'; GRANT CONNECT, TEMPORARY ON DATABASE \"shop\" TO qaitar_app;"
    )
    assert "QAITAR_APP_DATABASE_URL" in str(reported.value)
    assert run(elsewhere.superuser_dsn, "SELECT 1 FROM pg_roles WHERE rolname = 'qaitar_app'") == []
    for line in lines.rstrip(";").split("; "):
        run(elsewhere.superuser_dsn, line)
    app = with_role(shop, APP_ROLE, "choose-one")
    environ = {"DATABASE_URL": shop, "QAITAR_APP_DATABASE_URL": app}
    assert resolve_database(folder, environ) == DatabaseAddresses(
        steadied(shop), steadied(app), embedded=False
    )


def test_a_role_with_another_password_is_not_overwritten(
    elsewhere: ServerAddresses, shop: str, folder: DataFolder
) -> None:
    run(elsewhere.superuser_dsn, "CREATE ROLE qaitar_app LOGIN PASSWORD 'theirs'")
    with pytest.raises(DatabaseProblem, match="with another password, or its rules") as reported:
        resolve_database(folder, {"DATABASE_URL": shop})
    assert folder.secret("database-app") not in str(reported.value)
    assert run(with_role(shop, APP_ROLE, "theirs"), "SELECT 1") == [(1,)]


def test_a_user_who_may_not_make_tables_is_reported_what_to_run(
    elsewhere: ServerAddresses, shop: str, folder: DataFolder
) -> None:
    run(elsewhere.superuser_dsn, "ALTER DATABASE shop OWNER TO postgres")
    with pytest.raises(DatabaseProblem) as reported:
        resolve_database(folder, {"DATABASE_URL": shop})
    line = str(reported.value).split("`")[1]
    assert line == 'ALTER DATABASE "shop" OWNER TO "boss";'
    run(elsewhere.superuser_dsn, line, "ALTER ROLE boss CREATEROLE")
    assert resolve_database(folder, {"DATABASE_URL": shop}).embedded is False


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("ALTER ROLE qaitar_app SUPERUSER", "is a superuser"),
        ("ALTER ROLE qaitar_app BYPASSRLS", "has BYPASSRLS"),
        ("ALTER DATABASE shop OWNER TO qaitar_app", "owns the database"),
        ("GRANT boss TO qaitar_app", "owns the database"),
    ],
)
def test_a_role_that_the_walls_do_not_bind_is_refused(
    elsewhere: ServerAddresses, shop: str, folder: DataFolder, change: str, says: str
) -> None:
    run(elsewhere.superuser_dsn, "CREATE ROLE qaitar_app LOGIN PASSWORD 'x'")
    app = with_role(shop, APP_ROLE, "x")
    assert_walled(app)
    run(elsewhere.superuser_dsn, change)
    with pytest.raises(UnsafeDatabase, match=says):
        resolve_database(folder, {"DATABASE_URL": shop, "QAITAR_APP_DATABASE_URL": app})


def test_a_setting_of_the_role_alone_is_seen(
    elsewhere: ServerAddresses, shop: str, folder: DataFolder
) -> None:
    assert assert_safe(shop) == ()
    run(elsewhere.superuser_dsn, "ALTER ROLE boss SET synchronous_commit = off")
    with pytest.raises(UnsafeDatabase, match="synchronous_commit = off"):
        resolve_database(folder, {"DATABASE_URL": shop})


def test_a_server_that_does_not_answer_is_reported_without_the_password(folder: DataFolder) -> None:
    with pytest.raises(DatabaseProblem, match="The database does not let us in: ") as reported:
        resolve_database(folder, {"DATABASE_URL": "postgresql://boss:hush-hush@127.0.0.1:1/shop"})
    assert "hush-hush" not in str(reported.value)
    with pytest.raises(DatabaseProblem, match="cannot be read: write it as") as reported:
        resolve_database(folder, {"DATABASE_URL": "boss:hush-hush@db"})
    assert "hush-hush" not in str(reported.value)


class OldServer:
    """Answers as PostgreSQL 14 would."""

    def execute(self, _query: str) -> OldServer:
        return self

    def fetchone(self) -> tuple[int, str, str, str, str]:
        return (14, "on", "on", "on", "on")


def test_an_old_server_is_refused() -> None:
    with pytest.raises(UnsafeDatabase, match="is PostgreSQL 14, at least 15 is needed"):
        assert_safe(OldServer())  # type: ignore[arg-type]  # no such server is at hand to connect to


def test_missing_checksums_are_a_worry_not_a_refusal(
    used_folder: DataFolder, caplog: pytest.LogCaptureFixture
) -> None:
    data = used_folder.postgres / "data"
    lent = {"user": data.stat().st_uid, "group": data.stat().st_gid} if os.geteuid() == 0 else {}
    subprocess.run(
        [program("pg_checksums"), "--disable", "-D", "."],
        check=True, capture_output=True, cwd=data, **lent,
    )  # fmt: skip
    with (
        EmbeddedPostgres(used_folder) as server,
        psycopg.connect(server.ensure_running().app_dsn) as connection,
    ):
        assert len(worries := assert_safe(connection)) == 1
    assert "without data checksums" in worries[0]
    assert worries[0] in caplog.messages
