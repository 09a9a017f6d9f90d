"""The commands of docs/guide/backup.md, run word for word from a shell; what they promise is looked at from outside."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from qaitar.foundation.tenancy.walls_install import walled_tables
from qaitar.runtime.addresses import DATABASE, make_url, parts_of
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.postgres import EmbeddedPostgres
from tests.runtime.programs import newcomers_environ, server_processes

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide" / "backup.md"
COMMANDS = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)

FILL = (
    "import os, runpy; from qaitar.cli.environment import prepare; prepare(None, os.environ); "
    "runpy.run_module('tests.backup.filling', run_name='__main__')"
)


def shell(folder: Path, commands: str) -> subprocess.CompletedProcess[str]:
    environ = newcomers_environ()
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
    environ["PYTHONPATH"] = f"{ROOT / 'src'}:{ROOT}"
    environ["QAITAR_DATA"] = str(folder / "данные магазина")
    return subprocess.run(
        ["bash", "-euc", commands],
        check=False,
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
    )


def test_the_guide_s_commands_bring_a_shop_back(tmp_path: Path) -> None:
    filled = shell(tmp_path, f'python -c "{FILL}"')
    assert filled.returncode == 0, filled.stderr
    shop = json.loads(filled.stdout.splitlines()[-1])

    commands = "\n".join(COMMANDS.findall(GUIDE.read_text(encoding="utf-8")))
    assert re.findall(r"qaitar (\w+ ?\S*)", commands) == [
        "backup new-key",
        "backup --to",
        "backup list",
        "backup verify",
        "restore КОПИИ",
        "doctor --saved",
    ]
    done = shell(tmp_path, commands)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The backup is good." in done.stdout
    assert "Everything is as it was." in done.stdout
    assert "keys        encryption_key, journal_key, session_key" in done.stdout
    assert "problem" not in done.stdout
    assert "The last good backup is" not in done.stdout, "a backup does not know of itself"
    looked_at(DataFolder(tmp_path / "НОВАЯ"), shop)
    old, new = (tmp_path / name / "secrets/encryption_key" for name in ("данные магазина", "НОВАЯ"))
    assert old.read_text() == new.read_text()
    assert server_processes(DataFolder(tmp_path / "данные магазина")) == []

    again = shell(tmp_path, "qaitar restore КОПИИ --key-file КЛЮЧ --data НОВАЯ")
    assert again.returncode == 2
    assert "holds an installation already: restore into a new folder" in again.stderr
    looked_at(DataFolder(tmp_path / "НОВАЯ"), shop)


def looked_at(folder: DataFolder, shop: dict[str, str]) -> None:
    """See that rows, owners, walls, rights, the append-only journal and the file are there, by SQL of our own."""
    sha256 = shop["file"]
    assert (folder.files / sha256[:2] / sha256[2:4] / sha256).read_bytes() == b"evidence" * 1000
    with EmbeddedPostgres(folder) as server:
        at = server.ensure_running()
        boss = make_url({**parts_of(at.superuser_dsn), "dbname": DATABASE})
        with psycopg.connect(boss) as connection:
            number = connection.execute("SELECT number FROM returns_returnrequest").fetchall()
            walled = connection.execute(
                "SELECT relname FROM pg_class WHERE relforcerowsecurity AND relrowsecurity ORDER BY 1"
            ).fetchall()
            owners = connection.execute(
                "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            databases = connection.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE 'qaitar%'"
            ).fetchall()
        assert number == [(shop["number"],)]
        assert sorted(name for (name,) in walled) == walled_tables()
        assert owners == [("qaitar_owner",)]
        assert databases == [("qaitar",)]
        with psycopg.connect(at.app_dsn) as app:
            assert app.execute("SELECT count(*) FROM returns_returnrequest").fetchone() == (0,)
            app.execute(
                "SELECT set_config('qaitar.merchants', %s, true)", [f"{{{shop['merchant']}}}"]
            )
            assert app.execute("SELECT count(*) FROM returns_returnrequest").fetchone() == (1,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("UPDATE foundation_journalentry SET why = 'other'")
