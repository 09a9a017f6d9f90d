"""Backups, whole: a shop of a million restored elsewhere, and a restore that takes longer than a minute."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import psycopg

from qaitar.cli.backup.drill import drill_lines
from qaitar.runtime.addresses import DATABASE, make_url, parts_of
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.postgres import EmbeddedPostgres
from tests.backup.drilling import drilled
from tests.backup.test_guide import FILL, shell

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from qaitar.runtime.addresses import DatabaseAddresses

ROWS = 650
# An index that is slow to build only while pg_restore builds it: 650 rows, a tenth of a second each.
SLOW = f"""
CREATE FUNCTION slow(given int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('application_name') = 'pg_restore' THEN PERFORM pg_sleep(0.1); END IF;
  RETURN given;
END $$;
CREATE TABLE slow_to_restore (number int);
INSERT INTO slow_to_restore SELECT generate_series(1, {ROWS});
CREATE INDEX slow_index ON slow_to_restore (slow(number));
"""


def test_a_million_requests_and_ten_thousand_files_under_work(
    django_db_setup: None,
    django_db_blocker: Any,
    database: DatabaseAddresses,
    data_folder: DataFolder,
    tmp_path: Path,
) -> None:
    with django_db_blocker.unblock():
        found = drilled(database, data_folder, tmp_path, requests=1_000_000, files=10_000)
    sys.stdout.write("\n".join(drill_lines(found)) + "\n")
    assert found.well


def test_a_restore_of_more_than_a_minute(tmp_path: Path) -> None:
    """A job worker held the server before, and stopped it at its next tick, twenty seconds into the restore."""
    filled = shell(tmp_path, f'python -c "{FILL}"')
    assert filled.returncode == 0, filled.stderr
    with (
        EmbeddedPostgres(DataFolder(tmp_path / "данные магазина")) as server,
        psycopg.connect(server.ensure_running().owner_dsn) as owner,
    ):
        owner.execute(SLOW)
    made = shell(tmp_path, "qaitar backup --to КОПИИ")
    assert made.returncode == 0, made.stderr
    began = time.monotonic()
    done = shell(tmp_path, "qaitar restore КОПИИ --data НОВАЯ")
    took = time.monotonic() - began
    assert done.returncode == 0, done.stdout + done.stderr
    assert took > 60
    with EmbeddedPostgres(DataFolder(tmp_path / "НОВАЯ")) as server:
        boss = make_url({**parts_of(server.ensure_running().superuser_dsn), "dbname": DATABASE})
        with psycopg.connect(boss) as connection:
            counts = connection.execute(
                "SELECT (SELECT count(*) FROM slow_to_restore), (SELECT count(*) FROM returns_returnrequest)"
            ).fetchone()
    assert counts == (ROWS, 1)
    sys.stdout.write(f"a restore of {took:.0f} s: every row, every file\n")
