"""Whatever is killed, the next start works and no acknowledged row is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time

import psutil
import psycopg
import pytest

from qaitar.runtime.cluster import PLAIN_ENVIRONMENT, program
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.postgres import EmbeddedPostgres
from tests.runtime.programs import (
    HOLD_A_SERVER,
    first_line,
    is_alive,
    python,
    running,
    server_processes,
    wait_for,
)


def kill_everything(folder: DataFolder) -> int:
    """Kill a whole server; a process may end before its turn, because the one above it was killed."""
    processes = server_processes(folder)
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: not server_processes(folder))
    return len(processes)


def bare_start(folder: DataFolder, port: int) -> str:
    """Start PostgreSQL as it comes, without our launcher, and return why it refused."""
    owner = (folder.postgres / "data").stat()
    lent = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    done = subprocess.run(
        [program("postgres"), "-D", "/proc/self/cwd", "-p", str(port)],
        check=False,
        capture_output=True,
        cwd=folder.postgres / "data",
        env=PLAIN_ENVIRONMENT,
        timeout=20,
        **(lent if os.geteuid() == 0 else {}),
    )
    assert done.returncode == 1
    return done.stderr.decode()


def test_a_killed_postmaster_is_replaced_on_the_same_port(used_folder: DataFolder) -> None:
    with EmbeddedPostgres(used_folder) as server:
        first = server.ensure_running()
        os.kill(first.pid, signal.SIGKILL)
        wait_for(lambda: not is_alive(first.pid))
        second = server.ensure_running()
        assert (second.port, second.pid != first.pid) == (first.port, True)
        with psycopg.connect(second.app_dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_busy_backend_left_by_a_killed_postmaster_is_ended_first(used_folder: DataFolder) -> None:
    with EmbeddedPostgres(used_folder) as server:
        first = server.ensure_running()
        connection = psycopg.connect(first.superuser_dsn, autocommit=True)
        connection.execute("CREATE FUNCTION spin() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        busy = "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$"
        backend = connection.info.backend_pid

        def spin() -> None:
            with pytest.raises(psycopg.OperationalError):
                connection.execute(busy)

        thread = threading.Thread(target=spin)
        thread.start()
        wait_for(lambda: psutil.Process(backend).cpu_times().user > 0.1)
        os.kill(first.pid, signal.SIGKILL)
        wait_for(lambda: [process.pid for process in server_processes(used_folder)] == [backend])
        second = server.ensure_running()
        assert not is_alive(backend)
        assert second.pid != first.pid
        thread.join()
        connection.close()


def test_acknowledged_rows_survive_the_killing_of_every_process_under_writers(
    used_folder: DataFolder,
) -> None:
    acknowledged: list[int] = []
    with EmbeddedPostgres(used_folder) as server:
        first = server.ensure_running()
        with psycopg.connect(first.owner_dsn) as connection:
            connection.execute("CREATE TABLE kept (id int PRIMARY KEY)")

        def write(start: int) -> None:
            with psycopg.connect(first.owner_dsn, autocommit=True) as mine:
                for number in range(start, start + 1_000_000):
                    mine.execute("INSERT INTO kept VALUES (%s)", [number])
                    acknowledged.append(number)

        def write_until_cut(start: int) -> None:
            with pytest.raises(psycopg.OperationalError):
                write(start)

        writers = [threading.Thread(target=write_until_cut, args=[n * 1_000_000]) for n in range(4)]
        for writer in writers:
            writer.start()
        wait_for(lambda: len(acknowledged) > 300)
        assert kill_everything(used_folder) >= 8
        for writer in writers:
            writer.join()
        with psycopg.connect(server.ensure_running().owner_dsn) as connection:
            found = {row[0] for row in connection.execute("SELECT id FROM kept")}
    assert set(acknowledged) - found == set()
    assert len(found) >= len(acknowledged) > 300


def test_a_killed_launcher_leaves_a_server_that_the_next_one_joins_and_stops(
    used_folder: DataFolder,
) -> None:
    with running(HOLD_A_SERVER, used_folder.path) as launcher:
        pid = int(first_line(launcher))
        launcher.kill()
        launcher.wait()
    server = EmbeddedPostgres(used_folder)
    assert server.start().pid == pid
    assert server.stop() is True
    assert server_processes(used_folder) == []


def test_a_launcher_killed_at_any_moment_of_the_first_start_leaves_nothing_half_made(
    folder: DataFolder,
) -> None:
    made = folder.postgres / "data"
    for moment in (0.0, 0.1, 0.2, 0.3, 0.4):
        with python(HOLD_A_SERVER, folder.path) as launcher:
            wait_for(lambda: made.exists() or any(folder.postgres.glob("data.new-*")))
            time.sleep(moment)
            launcher.kill()
    with (
        EmbeddedPostgres(folder) as server,
        psycopg.connect(server.ensure_running().app_dsn) as connection,
    ):
        assert connection.execute("SELECT current_user").fetchone() == ("qaitar_app",)
    assert sorted(path.name for path in folder.postgres.iterdir()) == [
        *("data", "port", "start.lock", "users.lock"),
    ]


def test_a_zombie_postmaster_stops_a_bare_server_but_not_ours(used_folder: DataFolder) -> None:
    with running(HOLD_A_SERVER, used_folder.path) as parent:
        pid = int(first_line(parent))
        kill_everything(used_folder)
        assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        port = int((used_folder.postgres / "port").read_text())
        assert f"Is another postmaster (PID {pid}) running" in bare_start(used_folder, port)
        server = EmbeddedPostgres(used_folder)
        addresses = server.start()
        assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        assert addresses.pid != pid
        with psycopg.connect(addresses.app_dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert server.stop() is False  # the parent still counts as a user
    assert server.start().pid == addresses.pid
    assert server.stop() is True


def test_a_note_naming_another_living_program_is_not_believed(used_folder: DataFolder) -> None:
    with EmbeddedPostgres(used_folder) as server:
        first = server.ensure_running()
        kill_everything(used_folder)
        stale = used_folder.postgres / "data" / "postmaster.pid"
        lines = stale.read_text().splitlines(keepends=True)
        owner = (used_folder.postgres / "data").stat().st_uid
        stranger = subprocess.Popen(["sleep", "600"], user=owner if os.geteuid() == 0 else None)
        try:
            stale.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))
            note = used_folder.postgres / "server.json"
            note.write_text(note.read_text().replace(str(first.pid), str(stranger.pid)))
            assert f"(PID {stranger.pid}) running" in bare_start(used_folder, first.port)
            assert server.running() is None
            assert server.ensure_running().pid not in {first.pid, stranger.pid}
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()


def test_notes_cut_short_do_not_hinder_a_start(used_folder: DataFolder) -> None:
    with EmbeddedPostgres(used_folder) as server:
        server.ensure_running()
        kill_everything(used_folder)
        (used_folder.postgres / "data" / "postmaster.pid").write_text("12")
        (used_folder.postgres / "server.json").write_text('{"pid": 1')
        (used_folder.postgres / "port").write_text("")
        with psycopg.connect(server.ensure_running().app_dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_copied_folder_gets_a_server_of_its_own(used_folder: DataFolder) -> None:
    with EmbeddedPostgres(used_folder) as server:
        first = server.ensure_running()
    copy = used_folder.path.with_name("copy")
    subprocess.run(["cp", "-a", used_folder.path, copy], check=True)
    with (
        EmbeddedPostgres(used_folder) as server,
        EmbeddedPostgres(DataFolder(copy)) as other,
    ):
        one, two = server.ensure_running(), other.ensure_running()
        assert one.port == first.port
        assert (one.pid != two.pid, one.port != two.port) == (True, True)
        kill_everything(used_folder)
        assert other.ensure_running().pid == two.pid
