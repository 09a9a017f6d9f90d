"""What happens while the database is dumped is in the backup: new rows, changed ones, removed ones, numbers given out."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from qaitar.backup import creation
from qaitar.backup.changes import changes_apply
from qaitar.backup.creation import backup_create
from qaitar.backup.places import target_at
from qaitar.backup.problems import BackupProblem, DamagedBackup
from qaitar.backup.restoring import dump_file, foreign_restore
from qaitar.foundation.ops.clock import utc_now
from qaitar.runtime.addresses import OWNER_ROLE, DatabaseAddresses, make_url, parts_of
from tests.backup.conftest import SmallShop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import LiteralString

    from qaitar.backup.manifest import Manifest
    from qaitar.backup.target import Target

NEW_PERSON: LiteralString = """
INSERT INTO foundation_user OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(u, jsonb_build_object(
  'id', nextval(pg_get_serial_sequence('foundation_user', 'id')), 'username', 'late', 'email', 'late@example.kz'))).*
FROM foundation_user u LIMIT 1"""
MEANWHILE: tuple[LiteralString, ...] = (
    "UPDATE returns_returnrequest SET product_name = E'Чай\\tник \\\\. \\n', version = version + 1",
    NEW_PERSON,
    "DELETE FROM foundation_searchkey",
    "DELETE FROM foundation_membership",
    'UPDATE foundation_merchant SET settings = \'{"a": "\\u0411"}\'',
    "DELETE FROM foundation_storedfile WHERE size = 0",
    "VACUUM FREEZE foundation_storedfile",
    "DELETE FROM without_key WHERE number < 3; INSERT INTO without_key VALUES (7), (7)",
)
WITHOUT_KEY: LiteralString = """
CREATE TABLE without_key (number int); INSERT INTO without_key SELECT generate_series(1, 5);
CREATE TABLE untouched (number int); INSERT INTO untouched SELECT generate_series(1, 5)"""


def restored_next_to(shop: SmallShop) -> str:
    return make_url({**parts_of(shop.source.dsn), "dbname": "qaitar_beside"})


@contextmanager
def database_next_to(shop: SmallShop) -> Iterator[str]:
    """An empty database of the owner's on the same server."""
    with psycopg.connect(shop.source.dsn, autocommit=True) as boss:
        boss.execute(f"CREATE DATABASE qaitar_beside OWNER {OWNER_ROLE}")
        try:
            yield restored_next_to(shop)
        finally:
            boss.execute("DROP DATABASE qaitar_beside")


def rows_of(dsn: str) -> dict[str, list[str]]:
    """Every row of every table as text, and where the sequences stand."""
    with psycopg.connect(dsn) as connection:
        names = connection.execute(
            "SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        found = {
            name: sorted(row[0] for row in connection.execute(f"SELECT t::text FROM {name} t"))
            for (name,) in names
        }
        standing = connection.execute(
            "SELECT sequencename || ' ' || last_value FROM pg_sequences WHERE last_value IS NOT NULL"
        )
        found["sequences"] = sorted(row[0] for row in standing)
    return found


def backed_up(
    shop: SmallShop, target: Target, monkeypatch: pytest.MonkeyPatch, *meanwhile: LiteralString
) -> Manifest:
    """Back up; when the dump is written and before it is done, do these."""
    dump = creation.dump

    def slow(dsn: str, snapshot: str) -> Iterator[bytes]:
        yield from dump(dsn, snapshot)
        with psycopg.connect(shop.source.dsn, autocommit=True) as boss:
            for statement in meanwhile:
                boss.execute(statement)

    monkeypatch.setattr(creation, "dump", slow)
    return backup_create(shop.source, target, clock=utc_now, keep=3).manifest


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return target_at(str(tmp_path / "backups"), None, {}, create=True)


def test_the_restored_database_is_that_of_the_end(
    shop: SmallShop, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(shop.source.dsn, autocommit=True) as boss:
        boss.execute(WITHOUT_KEY)
    manifest = backed_up(shop, target, monkeypatch, *MEANWHILE)
    ended = rows_of(shop.source.dsn)
    assert len(ended["foundation_storedfile"]) == 2
    assert manifest.rows["foundation_storedfile"] == 2
    assert manifest.rows["foundation_membership"] == 0
    with database_next_to(shop) as dsn:
        with dump_file(target, manifest, tmp_path) as found:
            found.load(dsn, role=OWNER_ROLE, jobs=2)
        assert rows_of(dsn) == ended
    assert ended["without_key"] == ["(3)", "(4)", "(5)", "(7)", "(7)"]
    with psycopg.connect(shop.source.dsn, autocommit=True) as boss:
        boss.execute("DROP TABLE without_key, untouched")
    assert any("Чай" in row for row in ended["returns_returnrequest"])
    assert any("late@example.kz" in row for row in ended["foundation_user"])


def test_tables_changed_meanwhile_make_no_backup(
    shop: SmallShop, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    column = "CREATE TABLE strange (id integer PRIMARY KEY)"
    with pytest.raises(BackupProblem, match="were changed while"):
        backed_up(shop, target, monkeypatch, column)
    with psycopg.connect(shop.source.dsn, autocommit=True) as boss:
        boss.execute("DROP TABLE strange")
    assert target.folders("backups") == [] or not target.names("backups")


def test_a_load_that_fails_leaves_a_foreign_database_empty(
    shop: SmallShop, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = backed_up(shop, target, monkeypatch)
    monkeypatch.setattr("qaitar.backup.restoring.INDEXES", ("no-such-section",))
    with database_next_to(shop) as dsn, dump_file(target, manifest, tmp_path) as found:
        with pytest.raises(BackupProblem, match="pg_restore failed"):
            foreign_restore(DatabaseAddresses(dsn, dsn, embedded=False), found)
        with psycopg.connect(dsn) as connection:
            left = connection.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
                " UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace"
            ).fetchall()
        assert left == []


@pytest.mark.parametrize("text", [b"", b"{}\n", b'{"table": "x"}\n', b"\xff\n", b"[]\n"])
def test_changes_that_are_something_else_are_refused(shop: SmallShop, text: bytes) -> None:
    with psycopg.connect(shop.source.dsn) as boss:
        with pytest.raises(DamagedBackup):
            changes_apply(boss, [text])
        boss.rollback()


def test_changes_that_end_too_early_are_refused(shop: SmallShop) -> None:
    head = b'{"table": "foundation_membership", "columns": ["id"], "key": "id"}\n'
    with psycopg.connect(shop.source.dsn) as boss:
        with pytest.raises(DamagedBackup, match="too early"):
            changes_apply(boss, [head, b"1\n"])
        boss.rollback()
