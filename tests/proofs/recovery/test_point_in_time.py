"""Point in time: a base copy and the archived journal bring the embedded database back to a chosen moment.

The settings are those of docs/deployment.md, "Point in time", with paths of this test.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from qaitar.runtime.addresses import DATABASE, make_url, parts_of
from qaitar.runtime.cluster import PLAIN_ENVIRONMENT, program
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.postgres import EmbeddedPostgres

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPLOYMENT = Path(__file__).parents[3] / "docs" / "deployment.md"
BLOCKS = re.compile(r"^```conf\n(.*?)^```", re.MULTILINE | re.DOTALL)
WAIT_SECONDS = 60


@pytest.fixture
def archive() -> Iterator[Path]:
    """A folder that the server's own account may reach and write."""
    folder = Path(tempfile.mkdtemp(prefix="qaitar-wal-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def give_to(path: Path, like: Path) -> None:
    if os.geteuid() == 0:
        owner = like.stat()
        for each in (path, *path.rglob("*")):
            os.chown(each, owner.st_uid, owner.st_gid)


def test_the_archived_journal_leads_to_a_chosen_moment(tmp_path: Path, archive: Path) -> None:
    keep, back = BLOCKS.findall(DEPLOYMENT.read_text(encoding="utf-8"))
    folder = DataFolder(tmp_path / "shop")
    data = folder.postgres / "data"
    with EmbeddedPostgres(folder):
        pass
    give_to(archive, data)
    with (data / "local.conf").open("a") as settings:
        settings.write(keep.replace("/var/lib/qaitar-wal", str(archive)))

    with EmbeddedPostgres(folder) as server:
        at = server.ensure_running()
        boss = make_url({**parts_of(at.superuser_dsn), "dbname": DATABASE})
        base = tmp_path / "base"
        with psycopg.connect(boss, autocommit=True) as connection:
            connection.execute("CREATE TABLE said (word text)")
            connection.execute("INSERT INTO said VALUES ('in the base copy')")
            subprocess.run(
                [
                    *(
                        program("pg_basebackup"),
                        "-h",
                        "127.0.0.1",
                        "-p",
                        str(at.port),
                        "-U",
                        "postgres",
                    ),
                    *("-D", base, "--checkpoint=fast"),
                ],
                check=True,
                env={**PLAIN_ENVIRONMENT, "PGPASSWORD": parts_of(boss)["password"]},
            )
            connection.execute("INSERT INTO said VALUES ('before the moment')")
            row = connection.execute("SELECT clock_timestamp()::text").fetchone()
            assert row is not None
            time.sleep(0.5)
            connection.execute("INSERT INTO said VALUES ('after the moment')")
            segment = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
            assert segment is not None
            until = time.monotonic() + WAIT_SECONDS
            while not (archive / segment[0]).exists():
                assert time.monotonic() < until, "the journal is not archived"
                time.sleep(0.1)
    assert words_at(
        folder,
        base,
        back.replace("/var/lib/qaitar-wal", str(archive)).replace("2026-11-30 14:05:00+05", row[0]),
        tmp_path / "elsewhere",
    ) == [("before the moment",), ("in the base copy",)]


def words_at(folder: DataFolder, base: Path, recovery: str, where: Path) -> list[tuple[str]]:
    """Bring the base copy to the moment of `recovery` in a new data folder and read what was said by then."""
    elsewhere = DataFolder(where)
    shutil.copytree(folder.secrets, elsewhere.secrets, dirs_exist_ok=True)
    restored = elsewhere.postgres / "data"
    shutil.copytree(base, restored)
    with (restored / "local.conf").open("a") as settings:
        settings.write(recovery)
    (restored / "recovery.signal").touch()
    give_to(restored, folder.postgres / "data")
    restored.chmod(0o700)
    with EmbeddedPostgres(elsewhere) as server:
        at = server.ensure_running()
        boss = make_url({**parts_of(at.superuser_dsn), "dbname": DATABASE})
        with psycopg.connect(boss) as connection:
            words = connection.execute("SELECT word FROM said ORDER BY word").fetchall()
            recovering = connection.execute("SELECT pg_is_in_recovery()").fetchone()
    assert recovering == (False,)
    return words
