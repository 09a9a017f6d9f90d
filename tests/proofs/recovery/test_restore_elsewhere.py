"""Ways back that the guide names beside the usual one, by its commands: another server, a filled folder, an older version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from qaitar.foundation.tenancy.walls_install import walled_tables
from qaitar.runtime.addresses import DATABASE, make_url, parts_of
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.postgres import EmbeddedPostgres
from tests.backup.bucket import bucket
from tests.backup.test_guide import FILL, GUIDE, shell

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

ROLE = "CREATE ROLE installer LOGIN CREATEROLE PASSWORD 'installer-of-tests'"
IN_USE = "данные магазина"
UNDO_NEWEST = """
import os
from qaitar.cli.environment import prepare
prepare(None, os.environ, owner=True)
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader
loader = MigrationLoader(None)
for app, name in sorted(loader.graph.leaf_nodes()):
    migration = loader.get_migration(app, name)
    ours = migration.__module__.startswith("qaitar.") and app != "backup"
    if ours and migration.dependencies and all(each.reversible for each in migration.operations):
        before = [key for key in migration.dependencies if key[0] == app][0][1]
        call_command("migrate", app, before, database="owner", verbosity=0)
        print(f"{app}.{name}")
        break
"""


@pytest.fixture
def shop(tmp_path: Path) -> dict[str, str]:
    """Fill the folder in use with one case and one file."""
    filled = shell(tmp_path, f'python -c "{FILL}"')
    assert filled.returncode == 0, filled.stderr
    made: dict[str, str] = json.loads(filled.stdout.splitlines()[-1])
    return made


def done(folder: Path, commands: str) -> subprocess.CompletedProcess[str]:
    """Run commands that must end well."""
    ended = shell(folder, commands)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended


def one(dsn: str, sql: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(sql).fetchone()
    assert row is not None
    return row[0]


def looked_at(owner_dsn: str, app_dsn: str, shop: dict[str, str], owner: str) -> None:
    """See that the rows are there, belong to this server's role, and stand behind walls."""
    with psycopg.connect(owner_dsn) as connection:
        walled = connection.execute(
            "SELECT relname FROM pg_class WHERE relforcerowsecurity AND relrowsecurity"
        ).fetchall()
        owners = connection.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
    assert sorted(name for (name,) in walled) == walled_tables()
    assert owners == [(owner,)]
    with psycopg.connect(app_dsn) as app:
        assert app.execute("SELECT count(*) FROM returns_returnrequest").fetchone() == (0,)
        app.execute("SELECT set_config('qaitar.merchants', %s, true)", [f"{{{shop['merchant']}}}"])
        numbers = app.execute("SELECT number FROM returns_returnrequest").fetchall()
        assert numbers == [(shop["number"],)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("UPDATE foundation_journalentry SET why = 'other'")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """Give the address of an empty database on another server, of a role that may make roles and is no superuser."""
    with EmbeddedPostgres(DataFolder(tmp_path / "сервер")) as server:
        boss_dsn = server.ensure_running().superuser_dsn
        with psycopg.connect(boss_dsn, autocommit=True) as boss:
            boss.execute(
                "ALTER ROLE qaitar_app RENAME TO former_app"
            )  # as on a server we never worked on
            boss.execute(ROLE)
            boss.execute("CREATE DATABASE elsewhere OWNER installer")
        given = {"dbname": "elsewhere", "user": "installer", "password": "installer-of-tests"}
        yield make_url({**parts_of(boss_dsn), **given})


def test_into_a_database_of_another_server(
    tmp_path: Path, shop: dict[str, str], elsewhere: str
) -> None:
    done(tmp_path, "qaitar backup new-key КЛЮЧ; qaitar backup --to КОПИИ --key-file КЛЮЧ")
    restore = f"DATABASE_URL='{elsewhere}' qaitar restore КОПИИ --key-file КЛЮЧ --data НОВАЯ"
    stated = done(tmp_path, restore).stdout
    assert "Everything is as it was." in stated
    folder = DataFolder(tmp_path / "НОВАЯ")
    password = folder.secret("database-app")
    app = make_url({**parts_of(elsewhere), "user": "qaitar_app", "password": password})
    looked_at(elsewhere, app, shop, owner="installer")
    sha256 = shop["file"]
    stored = folder.files / sha256[:2] / sha256[2:4] / sha256
    assert stored.read_bytes() == b"evidence" * 1000
    assert not (folder.path / "postgres" / "data").exists(), "no server of its own was started"

    again = shell(tmp_path, restore)
    assert (again.returncode, "has tables already" in again.stderr) == (2, True), again.stderr
    looked_at(elsewhere, app, shop, owner="installer")


def test_over_a_filled_folder_the_former_database_stays_next_to(
    tmp_path: Path, shop: dict[str, str]
) -> None:
    done(tmp_path, "qaitar backup --to КОПИИ")
    folder = DataFolder(tmp_path / IN_USE)
    with EmbeddedPostgres(folder) as server:
        boss = make_url({**parts_of(server.ensure_running().superuser_dsn), "dbname": DATABASE})
        with psycopg.connect(boss) as connection:
            connection.execute("UPDATE returns_returnrequest SET number = 'after the backup'")
    restore = f"qaitar restore КОПИИ --data '{IN_USE}'"
    refused = shell(tmp_path, restore)
    assert refused.returncode == 2
    assert "holds an installation already" in refused.stderr
    assert "Everything is as it was." in done(tmp_path, f"{restore} --replace").stdout
    with EmbeddedPostgres(folder) as server:
        at = server.ensure_running()
        boss = make_url({**parts_of(at.superuser_dsn), "dbname": DATABASE})
        names = "SELECT string_agg(datname, ' ') FROM pg_database WHERE datname LIKE 'qaitar%%'"
        stored = str(one(boss, f"{names} AND datname <> 'qaitar'"))
        assert stored.startswith("qaitar_replaced_")
        assert " " not in stored
        number = "SELECT number FROM returns_returnrequest"
        assert one(boss, number) == shop["number"]
        assert one(make_url({**parts_of(boss), "dbname": stored}), number) == "after the backup"
        looked_at(boss, at.app_dsn, shop, owner="qaitar_owner")


def test_a_backup_of_an_older_version_is_brought_up_to_date(
    tmp_path: Path, shop: dict[str, str]
) -> None:
    undone = done(tmp_path, f"python -c '{UNDO_NEWEST}'").stdout.split()[-1]
    done(tmp_path, "qaitar backup --to КОПИИ")
    refused = shell(tmp_path, "qaitar restore КОПИИ --data НОВАЯ")
    assert refused.returncode == 2
    assert f"1 changes of the tables are missing in it ({undone}" in refused.stderr
    assert not (tmp_path / "НОВАЯ" / "postgres" / "data").exists(), "nothing was made"
    restored = done(tmp_path, "qaitar restore КОПИИ --data НОВАЯ --upgrade")
    assert "Everything is as it was." in restored.stdout
    app, name = undone.split(".")
    with EmbeddedPostgres(DataFolder(tmp_path / "НОВАЯ")) as server:
        at = server.ensure_running()
        boss = make_url({**parts_of(at.superuser_dsn), "dbname": DATABASE})
        applied = "SELECT count(*) FROM django_migrations WHERE app = '{}' AND name = '{}'"
        assert one(boss, applied.format(app, name)) == 1
        looked_at(boss, at.app_dsn, shop, owner="qaitar_owner")


def test_the_guide_names_these_ways_as_the_command_does(tmp_path: Path) -> None:
    """A flag the guide writes is one the command knows."""
    known = done(tmp_path, "qaitar restore --help; qaitar backup drill --help").stdout
    text = GUIDE.read_text(encoding="utf-8")
    for flag in ("--backup", "--replace", "--upgrade", "--requests", "--files"):
        assert f"`{flag}" in text
        assert flag in known
    assert "DATABASE_URL" in text


# --- what else the guide promises of the commands ---------------------------------------------------------------------


def test_a_backup_that_was_harmed_is_not_called_good(tmp_path: Path, shop: dict[str, str]) -> None:
    done(tmp_path, "qaitar backup --to КОПИИ")
    assert "The backup is good." in done(tmp_path, "qaitar backup verify КОПИИ").stdout
    sha256 = shop["file"]
    (stored,) = (tmp_path / "КОПИИ" / "files").rglob(sha256)
    stored.chmod(0o600)
    stored.write_bytes(b"other")
    reported = shell(tmp_path, "qaitar backup verify КОПИИ")
    assert reported.returncode == 1, reported.stdout + reported.stderr
    assert "NOT good" in reported.stdout
    assert sha256 in reported.stdout
    (dump,) = (tmp_path / "КОПИИ" / "backups").rglob("database.dump")
    dump.write_bytes(dump.read_bytes()[:-1])
    reported = shell(tmp_path, "qaitar backup verify КОПИИ")
    assert reported.returncode in {1, 2}
    assert "damaged" in reported.stdout + reported.stderr


def test_a_backup_by_schedule_is_noted_as_such(tmp_path: Path, shop: dict[str, str]) -> None:
    done(tmp_path, "qaitar backup --to КОПИИ; qaitar backup --to КОПИИ --scheduled")
    with EmbeddedPostgres(DataFolder(tmp_path / IN_USE)) as server:
        boss = make_url({**parts_of(server.ensure_running().superuser_dsn), "dbname": DATABASE})
        noted = "SELECT string_agg(scheduled::text, ' ' ORDER BY started_at) FROM backup_backuprun WHERE backup <> ''"
        assert one(boss, noted) == "false true"


def test_the_drill_is_one_command(tmp_path: Path, shop: dict[str, str]) -> None:
    reported = json.loads(
        done(tmp_path, "qaitar backup drill --requests 300 --files 5 --json").stdout
    )
    assert (reported["ok"], reported["missing"], reported["broken"]) == (True, [], {})
    assert reported["acknowledged_meanwhile"] > 0


def test_by_commands_through_a_bucket(tmp_path: Path, shop: dict[str, str]) -> None:
    with bucket("proof") as address:
        given = (
            f"export QAITAR_BACKUP_S3_ENDPOINT={address} QAITAR_S3_REGION=kz-ala-1 QAITAR_S3_KEY=key QAITAR_S3_SECRET=secret\n"
            "export QAITAR_BACKUP_TO=s3://proof/nightly\n"
        )
        done(tmp_path, f"{given} qaitar backup new-key КЛЮЧ; qaitar backup --key-file КЛЮЧ")
        listed = done(tmp_path, f"{given} qaitar backup list --key-file КЛЮЧ").stdout
        assert "s3://proof/nightly" in listed or "state of" in listed
        verified = done(tmp_path, f"{given} qaitar backup verify --key-file КЛЮЧ").stdout
        assert "The backup is good." in verified
        restore = f"{given} qaitar restore s3://proof/nightly --key-file КЛЮЧ --data НОВАЯ"
        assert "Everything is as it was." in done(tmp_path, restore).stdout
    folder = DataFolder(tmp_path / "НОВАЯ")
    with EmbeddedPostgres(folder) as server:
        at = server.ensure_running()
        boss = make_url({**parts_of(at.superuser_dsn), "dbname": DATABASE})
        looked_at(boss, at.app_dsn, shop, owner="qaitar_owner")


def test_over_a_major_version_of_the_embedded_server(tmp_path: Path) -> None:
    """The wheel carries the programs of 16 too: an installation of theirs is backed up by them and restored by ours."""
    filled = shell(tmp_path, "python -m tests.backup.sixteen fill")
    assert filled.returncode == 0, filled.stderr
    shop: dict[str, str] = json.loads(filled.stdout.splitlines()[-1])
    data = tmp_path / IN_USE / "postgres" / "data"
    assert (data / "PG_VERSION").read_text().strip() == "16"
    refused = shell(tmp_path, "qaitar backup --to КОПИИ")
    assert refused.returncode == 2
    assert "PostgreSQL 16, older than the 18" in refused.stderr
    done(tmp_path, "python -m tests.backup.sixteen backup --to КОПИИ")
    restored = done(tmp_path, "qaitar restore КОПИИ --upgrade --data НОВАЯ").stdout
    assert "Everything is as it was." in restored
    with EmbeddedPostgres(DataFolder(tmp_path / "НОВАЯ")) as server:
        at = server.ensure_running()
        boss = make_url({**parts_of(at.superuser_dsn), "dbname": DATABASE})
        assert one(boss, "SELECT current_setting('server_version_num')::int / 10000") == 18
        looked_at(boss, at.app_dsn, shop, owner="qaitar_owner")
