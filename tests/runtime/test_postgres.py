"""The embedded server: made whole, joined by many, stopped by the last, plain about its troubles."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest

from qaitar.runtime import account
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.postgres import EmbeddedPostgres, ServerAddresses
from qaitar.runtime.problems import DatabaseProblem, FolderProblem, UnsafeDatabase
from tests.runtime.programs import (
    HOLD_A_SERVER,
    SOURCE,
    first_line,
    python,
    running,
    server_processes,
)


def ask(addresses: ServerAddresses, query: str) -> object:
    with psycopg.connect(addresses.superuser_dsn) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_a_fresh_start_gives_a_safe_tuned_server_and_the_next_start_keeps_its_port(
    folder: DataFolder,
) -> None:
    with EmbeddedPostgres(folder) as server:
        first = server.ensure_running()
        wanted = {
            "server_version_num": "180004",
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "data_checksums": "on",
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "jit": "off",
            "max_connections": "100",
            "max_wal_size": "4GB",
            "shared_buffers": "256MB",
            "TimeZone": "UTC",
            "server_encoding": "UTF8",
        }
        found = {name: ask(first, f"SHOW {name}") for name in wanted}
        assert found == wanted
        assert ask(first, "SELECT lower('ҚАЙТАРУ ӘЖЕ')") == "қайтару әже"
        assert ask(first, "SELECT datlocprovider::text FROM pg_database LIMIT 1") == "b"
    assert server_processes(folder) == []
    with EmbeddedPostgres(folder) as server:
        again = server.ensure_running()
    assert (again.port, again.pid != first.pid) == (first.port, True)


def test_nobody_is_trusted_and_no_password_is_printed(used_folder: DataFolder) -> None:
    with EmbeddedPostgres(used_folder) as server:
        addresses = server.ensure_running()
        for user in ("postgres", "qaitar_owner", "qaitar_app"):
            for password in ("", "password=wrong"):
                where = f"host=127.0.0.1 port={addresses.port} user={user} dbname=qaitar {password}"
                with pytest.raises(psycopg.OperationalError):
                    psycopg.connect(where)
        rules = ask(addresses, "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules")
    assert rules == ["scram-sha-256"]
    assert repr(addresses) == f"ServerAddresses(port={addresses.port}, pid={addresses.pid})"
    assert "password" not in repr(addresses.database)


@pytest.mark.skipif(os.geteuid() != 0, reason="as an ordinary user it runs under that user")
def test_root_lends_the_server_an_account_and_opens_nothing_above_its_room(
    folder: DataFolder,
) -> None:
    with EmbeddedPostgres(folder):
        owners = {process.uids().effective for process in server_processes(folder)}
    data = folder.postgres / "data"
    assert owners == {data.stat().st_uid}
    assert 0 not in owners
    assert [path.stat().st_mode & 0o777 for path in (folder.path, folder.postgres, data)] == [
        *(0o700, 0o710, 0o700),
    ]
    assert {path.stat().st_uid for path in (folder.secrets, folder.files)} == {0}


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's home is closed to us")
def test_it_works_under_roots_closed_home_which_stays_as_it_was() -> None:
    home = Path("/root")
    place = Path(mkdtemp(dir=home, prefix="qaitar-test-"))
    before = [(path.stat().st_mode, os.listxattr(path)) for path in (home, place)]
    try:
        with EmbeddedPostgres(DataFolder(place / "data")) as server:
            assert ask(server.ensure_running(), "SELECT 1") == 1
        after = [(path.stat().st_mode, os.listxattr(path)) for path in (home, place)]
        assert after == before
    finally:
        shutil.rmtree(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="lists are given by root only")
def test_the_way_is_opened_to_one_account_and_twice_is_as_once(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    nobody = account.SystemAccount(65534, 65534)
    account.let_through(tmp_path, nobody)
    once = os.getxattr(tmp_path, "system.posix_acl_access")
    account.let_through(tmp_path, nobody)
    assert os.getxattr(tmp_path, "system.posix_acl_access") == once

    def passes(user: int) -> bool:
        done = subprocess.run(
            ["sh", "-c", 'cd "$0"', tmp_path], user=user, group=user, extra_groups=[], check=False,
            capture_output=True,
        )  # fmt: skip
        return done.returncode == 0

    assert (passes(65534), passes(65533)) == (True, False)


@pytest.mark.parametrize(
    "name",
    [
        "two words and 'quotes' \"too\" $HOME %s",
        "Деректер қалтасы ё",
        "/".join(["very-long" * 9] * 6),
    ],
    ids=["spaces", "cyrillic", "very long"],
)
def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    folder = DataFolder(tmp_path / name)
    with EmbeddedPostgres(folder) as server:
        assert ask(server.ensure_running(), "SELECT 1") == 1
    assert server_processes(folder) == []


def test_a_second_user_joins_and_the_last_one_stops_it(used_folder: DataFolder) -> None:
    one, two = EmbeddedPostgres(used_folder), EmbeddedPostgres(used_folder)
    pid = one.start().pid
    assert two.start().pid == pid
    assert one.stop() is False
    assert ask(two.ensure_running(), "SELECT 1") == 1
    assert two.stop() is True
    assert two.stop() is False
    assert server_processes(used_folder) == []
    assert two.running() is None


def test_asking_a_running_server_is_cheap(used_folder: DataFolder) -> None:
    with EmbeddedPostgres(used_folder) as server:
        began = time.perf_counter()
        for _ in range(10):
            server.ensure_running()
        assert (time.perf_counter() - began) / 10 < 0.05


def test_six_processes_at_once_start_exactly_one(folder: DataFolder) -> None:
    holders = [python(HOLD_A_SERVER, folder.path) for _ in range(6)]
    try:
        pids = {int(first_line(holder)) for holder in holders}
        assert len(pids) == 1
        assert folder.logs.joinpath("postgres.log").read_text().count("starting PostgreSQL") == 1
    finally:
        for holder in holders:
            with holder:
                holder.kill()


def test_it_takes_another_port_when_its_own_is_accepted(used_folder: DataFolder) -> None:
    with EmbeddedPostgres(used_folder) as server:
        port = server.ensure_running().port
    with socket.create_server(("127.0.0.1", port)), EmbeddedPostgres(used_folder) as server:
        addresses = server.ensure_running()
        assert addresses.port != port
        assert ask(addresses, "SELECT 1") == 1


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_an_unsafe_setting_is_refused_and_nothing_is_left_running(
    used_folder: DataFolder, name: str
) -> None:
    with (used_folder.postgres / "data" / "local.conf").open("a") as conf:
        conf.write(f"{name} = off\n")
    with pytest.raises(UnsafeDatabase, match=f"{name} = off and may lose what it has acknowledged"):
        EmbeddedPostgres(used_folder).start()
    assert server_processes(used_folder) == []
    assert EmbeddedPostgres(used_folder).running() is None


@pytest.mark.parametrize(
    ("version", "says"),
    [("19", "newer than the 18"), ("17", "older than the 18"), ("", "damaged")],
)
def test_another_major_version_is_reported_apart_from_damage(
    folder: DataFolder, version: str, says: str
) -> None:
    data = folder.postgres / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text(version)
    with pytest.raises(DatabaseProblem, match=says):
        EmbeddedPostgres(folder).start()
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_a_damaged_cluster_is_reported_with_the_end_of_its_log(used_folder: DataFolder) -> None:
    control = used_folder.postgres / "data" / "global" / "pg_control"
    control.write_bytes(b"\0" * control.stat().st_size)
    with pytest.raises(DatabaseProblem) as reported:
        EmbeddedPostgres(used_folder).start()
    assert "does not start and may be damaged; its log " in str(reported.value)
    assert f"{used_folder.logs / 'postgres.log'} ends with: " in str(reported.value)
    assert "restore the data folder from a backup." in str(reported.value)
    assert "\n" not in str(reported.value)
    assert server_processes(used_folder) == []


def test_lost_secrets_are_reported_with_where_they_belong(used_folder: DataFolder) -> None:
    (used_folder.secrets / "database-superuser").unlink()
    with pytest.raises(DatabaseProblem, match="password authentication failed"):
        EmbeddedPostgres(used_folder).start()
    assert server_processes(used_folder) == []


def test_nothing_is_begun_on_a_full_disk(tmp_path: Path) -> None:
    left = [10**9]
    folder = DataFolder(tmp_path, free=lambda _: left[0])
    left[0] = 10**6
    with pytest.raises(FolderProblem, match="is full: 0 MB free"):
        EmbeddedPostgres(folder).start()
    assert not (folder.postgres / "data").exists()


FULL_DISK = """
import os, sys
from pathlib import Path
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.postgres import EmbeddedPostgres
from qaitar.runtime.problems import Problem
folder = DataFolder(sys.argv[1], free=lambda _: 10**9)
with EmbeddedPostgres(folder):
    pass
filler = folder.files / "filler"
with filler.open("wb", buffering=0) as file:
    try:
        while file.write(bytes(65536)):
            pass
    except OSError:
        pass
for path in (folder.path, folder.path.with_name("second")):
    try:
        EmbeddedPostgres(DataFolder(path, free=lambda _: 10**9)).start()
    except Problem as problem:
        print(problem)
filler.unlink()
with EmbeddedPostgres(folder) as server:
    print("runs again:", server.running() is not None)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a server on a disk of its own")
def test_a_disk_really_full_is_reported_and_the_server_starts_once_there_is_room(
    tmp_path: Path,
) -> None:
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system does not let us make a mount namespace")
    script = f'mount -t tmpfs -o size=120m none \'{tmp_path}\' && exec "$0" "$@"'
    done = subprocess.run(
        [
            "unshare",
            "-m",
            "sh",
            "-c",
            script,
            sys.executable,
            "-c",
            FULL_DISK,
            str(tmp_path / "data"),
        ],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert done.stderr == ""
    data, second = tmp_path / "data/postgres/data", tmp_path / "second"
    assert done.stdout.splitlines() == [
        f"The database does not start because the disk of {data} is full: free some space and try again.",
        f"The data folder {second} is full: free some space or choose another folder with --data.",
        "runs again: True",
    ]


def test_a_user_killed_without_leaving_is_not_counted(used_folder: DataFolder) -> None:
    with EmbeddedPostgres(used_folder) as server:
        with running(HOLD_A_SERVER, used_folder.path) as other:
            assert int(first_line(other)) == server.ensure_running().pid
            other.kill()
            other.wait()
        assert server.stop() is True
    assert server_processes(used_folder) == []


COME_AND_GO = """
import random, sys, time
import psycopg
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.postgres import EmbeddedPostgres
pause = random.Random(sys.argv[2]).random
for _ in range(5):
    with EmbeddedPostgres(DataFolder(sys.argv[1])) as server:
        time.sleep(pause() * 0.05)
        with psycopg.connect(server.ensure_running().app_dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    time.sleep(pause() * 0.15)
"""


def test_nobody_finds_the_server_gone_while_others_come_and_go(used_folder: DataFolder) -> None:
    users = [python(COME_AND_GO, used_folder.path, seed) for seed in range(4)]
    assert [user.communicate() for user in users] == [("", "")] * 4
    assert [user.returncode for user in users] == [0, 0, 0, 0]
    assert server_processes(used_folder) == []
