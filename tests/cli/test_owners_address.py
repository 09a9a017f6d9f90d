"""The address of the database's owner: only commands that make tables hold it, never what serves people or runs jobs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest

from qaitar.cli import main as command
from qaitar.cli.environment import prepare
from qaitar.runtime.addresses import OWNER_ROLE, make_url, parts_of
from qaitar.runtime.database import DatabaseAddresses, resolve_database
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.ports import pick_port
from qaitar.runtime.problems import DatabaseProblem
from qaitar.runtime.processes import wait_ready
from tests.runtime.programs import newcomers_environ, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def owners_words(database: DatabaseAddresses) -> tuple[str, str]:
    """Give what tells the owner's address: its role and its password."""
    parts = parts_of(database.owner_dsn)
    assert parts["user"] == OWNER_ROLE
    return OWNER_ROLE, parts["password"]


def environments(pid: int) -> list[dict[str, str]]:
    """Read what a process and all below it were started with, as anybody of the same user can."""
    program = psutil.Process(pid)
    found = []
    for each in [program, *program.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            found.append(each.environ())
    return found


@contextlib.contextmanager
def started(database: DatabaseAddresses, folder: Path, *words: str) -> Iterator[int]:
    """Run a command as an operator who gives it both addresses."""
    environ = {
        **newcomers_environ(),
        "DATABASE_URL": database.owner_dsn,
        "QAITAR_APP_DATABASE_URL": database.app_dsn,
        "QAITAR_DATA": str(folder),
    }
    program = subprocess.Popen(
        [sys.executable, "-m", "qaitar.cli.main", *words],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield program.pid
    finally:
        program.terminate()
        program.wait(30)


def assert_not_the_owner(database: DatabaseAddresses, pid: int) -> None:
    found = environments(pid)
    assert any("QAITAR_DB_APP_DSN" in environ for environ in found)
    for environ in found:
        for word in owners_words(database):
            assert not [name for name, value in environ.items() if word in value]


def test_web_runs_without_the_owners_address(committed: DatabaseAddresses, tmp_path: Path) -> None:
    port = pick_port()
    with started(committed, tmp_path, "web", "--port", str(port)) as pid:
        wait_ready(f"http://127.0.0.1:{port}/readyz", 60)
        assert len(environments(pid)) >= 3  # supervisor, server, its workers
        assert_not_the_owner(committed, pid)


def test_the_worker_runs_without_the_owners_address(
    committed: DatabaseAddresses, tmp_path: Path
) -> None:
    with started(committed, tmp_path, "worker") as pid:
        wait_for(lambda: "QAITAR_DB_APP_DSN" in psutil.Process(pid).environ(), seconds=60)
        assert_not_the_owner(committed, pid)


def test_the_programs_address_alone_is_enough(committed: DatabaseAddresses, tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    environ = {"QAITAR_APP_DATABASE_URL": committed.app_dsn}
    found = resolve_database(folder, environ)
    assert (found.owner_dsn, found.embedded) == ("", False)
    assert parts_of(found.app_dsn)["user"] == parts_of(committed.app_dsn)["user"]
    assert not (folder.postgres / "data").exists()


@pytest.mark.parametrize("name", sorted(command.OWNERS))
def test_a_command_that_needs_the_owner_says_so(
    name: str, committed: DatabaseAddresses, tmp_path: Path
) -> None:
    environ = {"QAITAR_APP_DATABASE_URL": committed.app_dsn}
    with pytest.raises(DatabaseProblem, match="give it in DATABASE_URL"):
        prepare(str(tmp_path), environ, owner=name in command.OWNERS)


def test_a_database_that_is_not_migrated_is_refused_and_left_alone(
    committed: DatabaseAddresses, tmp_path: Path
) -> None:
    """A process that may not make tables has to say so, not to serve half a program."""
    elsewhere = "qaitar_not_migrated"
    with psycopg.connect(committed.owner_dsn, autocommit=True) as owner:
        owner.execute(f"DROP DATABASE IF EXISTS {elsewhere}")
        owner.execute(f"CREATE DATABASE {elsewhere}")
    dsn = make_url({**parts_of(committed.app_dsn), "dbname": elsewhere})
    environ = {
        **newcomers_environ(),
        "QAITAR_APP_DATABASE_URL": dsn,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "qaitar.cli.main", "worker", "--once", "--data", str(tmp_path)],
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 2
        assert "run `qaitar migrate` with the owner's address" in done.stderr
        with psycopg.connect(
            make_url({**parts_of(committed.owner_dsn), "dbname": elsewhere})
        ) as owner:
            tables = owner.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            assert tables.fetchone() == (0,)
    finally:
        with psycopg.connect(committed.owner_dsn, autocommit=True) as owner:
            owner.execute(f"DROP DATABASE {elsewhere}")
