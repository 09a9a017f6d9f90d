"""A backup is whole or not there, holds what one snapshot saw, and tells nobody more than it should."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import transaction

from qaitar.backup import creation, postgres_tools
from qaitar.backup.creation import LOCK, BackupSource, backup_create
from qaitar.backup.encryption import BackupKey
from qaitar.backup.file_copies import files_parse
from qaitar.backup.manifest import backup_ids, manifest_read
from qaitar.backup.places import settings_from, target_at
from qaitar.backup.problems import BackupProblem, DamagedBackup
from qaitar.backup.restoring import files_restore, parts_verify, rows_compare
from qaitar.foundation.files.store import DurableFileStorage, FileStore, key_of
from qaitar.foundation.models import StoredFile
from tests.backup.conftest import Minutes
from tests.factories.accounts import open_walls

if TYPE_CHECKING:
    from qaitar.backup.creation import Created
    from qaitar.backup.target import Target
    from qaitar.runtime.addresses import DatabaseAddresses
    from tests.backup.conftest import SmallShop

KEY = BackupKey("k" * 40)


CLOCK = Minutes()


def make(shop: SmallShop, target: Target, keep: int = 14) -> Created:
    return backup_create(shop.source, target, clock=CLOCK, keep=keep)


@pytest.fixture(params=[None, KEY], ids=["plain", "encrypted"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    return target_at(str(tmp_path / "копии"), request.param, {}, create=True)


@pytest.fixture
def plain(tmp_path: Path) -> Target:
    return target_at(str(tmp_path / "копии"), None, {}, create=True)


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_it_holds_the_snapshot_and_each_file_once(shop: SmallShop, target: Target) -> None:
    first = make(shop, target).manifest
    assert (first.files, first.files_copied, first.faults) == (3, 3, ())
    assert first.rows["returns_returnrequest"] == 1
    assert first.rows["foundation_storedfile"] == 3
    assert "backup.0001_initial" in first.schema
    late = shop.add_file(b"late")
    second = make(shop, target).manifest
    assert (second.files, second.files_copied) == (4, 1)
    assert backup_ids(target) == [first.id, second.id]
    assert manifest_read(target) == second
    assert manifest_read(target, first.id) == first
    assert late in files_parse(target.read(f"backups/{second.id}/files.txt"))
    assert late not in files_parse(target.read(f"backups/{first.id}/files.txt"))
    parts_verify(target, first)


def test_rows_are_compared_by_a_role_inside_the_walls_too(
    shop: SmallShop, plain: Target, installation: DatabaseAddresses
) -> None:
    """On a server of somebody else's only the tables' owner counts, and row security holds for it as well."""
    manifest = make(shop, plain).manifest
    for dsn in (shop.source.dsn, installation.owner_dsn):
        assert rows_compare(dsn, manifest) == {}
    shop.add_file(b"after the backup")
    for dsn in (shop.source.dsn, installation.owner_dsn):
        assert rows_compare(dsn, manifest) == {"foundation_storedfile": (3, 4)}


def test_files_come_back_proved(shop: SmallShop, target: Target, tmp_path: Path) -> None:
    manifest = make(shop, target).manifest
    store = FileStore(DurableFileStorage(location=str(tmp_path / "back")))
    back = files_restore(target, manifest, store)
    assert (back.files, back.faults) == (3, ())
    hashes = files_parse(target.read(f"backups/{manifest.id}/files.txt"))
    assert all(store.verify(key_of(each)) == "intact" for each in hashes)


def test_a_file_damaged_in_the_backup_is_named_and_not_restored(
    shop: SmallShop, target: Target, tmp_path: Path
) -> None:
    sha256 = shop.add_file(b"precious")
    gone = shop.add_file(b"gone")
    manifest = make(shop, target).manifest
    folder = Path(target.place)
    end = ".enc" if target.encrypted else ""
    (folder / (target.file_name(sha256) + end)).write_bytes(b"something else")
    (folder / (target.file_name(gone) + end)).unlink()
    store = FileStore(DurableFileStorage(location=str(tmp_path / "back")))
    back = files_restore(target, manifest, store)
    assert set(back.faults) == {f"{sha256} damaged", f"{gone} missing"}
    assert back.files == 3
    stored = [path for path in (tmp_path / "back").rglob("*") if path.is_file()]
    assert len(stored) == 3


def test_a_file_missing_or_damaged_in_the_store_is_named(shop: SmallShop, plain: Target) -> None:
    intact, broken, lost = (shop.add_file(each) for each in (b"a", b"b", b"c"))
    location = Path(str(shop.source.store._storage.path("")))
    (location / key_of(broken)).write_bytes(b"B")
    (location / key_of(lost)).unlink()
    manifest = make(shop, plain).manifest
    assert set(manifest.faults) == {f"{broken} damaged", f"{lost} missing"}
    assert not manifest.whole
    assert not plain.exists(plain.file_name(broken))
    assert plain.exists(plain.file_name(intact))


def test_one_that_fails_is_not_there(
    shop: SmallShop, plain: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(dsn: str, snapshot: str) -> Iterator[bytes]:
        yield b"half of it"
        raise BackupProblem("pg_dump failed: planted")

    monkeypatch.setattr(creation, "dump", breaks)
    with pytest.raises(BackupProblem, match="planted"):
        make(shop, plain)
    assert backup_ids(plain) == []
    assert list(Path(plain.place, "backups").glob("*/*")) == []
    monkeypatch.undo()
    later = make(shop, plain).manifest
    assert backup_ids(plain) == [later.id]


def test_one_without_a_manifest_is_invisible(shop: SmallShop, plain: Target) -> None:
    first = make(shop, plain).manifest
    second = make(shop, plain).manifest
    Path(plain.place, "backups", second.id, "manifest.json").unlink()
    assert backup_ids(plain) == [first.id]
    assert manifest_read(plain) == first


def test_a_part_that_was_altered_is_refused(shop: SmallShop, target: Target) -> None:
    manifest = make(shop, target).manifest
    end = ".enc" if target.encrypted else ""
    dump = Path(target.place, "backups", manifest.id, f"database.dump{end}")
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(bytes(content))
    with pytest.raises(DamagedBackup, match=r"database\.dump of the backup .* is damaged"):
        parts_verify(target, manifest)
    dump.unlink()
    with pytest.raises(DamagedBackup, match="is missing"):
        parts_verify(target, manifest)


def test_older_ones_go_and_their_files_with_them(shop: SmallShop, plain: Target) -> None:
    only_first = shop.add_file(b"only in the first")
    first = make(shop, plain, keep=2).manifest
    with transaction.atomic():
        open_walls(shop.merchant_id)
        StoredFile.objects.filter(sha256=only_first).delete()
    second = make(shop, plain, keep=2)
    assert second.removed.backups == ()
    third = make(shop, plain, keep=2)
    assert third.removed.backups == (first.id,)
    assert third.removed.files == 1
    assert backup_ids(plain) == [second.manifest.id, third.manifest.id]
    assert not plain.exists(plain.file_name(only_first))
    store_files = files_parse(plain.read(f"backups/{third.manifest.id}/files.txt"))
    assert all(plain.exists(plain.file_name(each)) for each in store_files)


def test_one_that_lacks_files_pushes_no_whole_one_out(shop: SmallShop, plain: Target) -> None:
    good = make(shop, plain, keep=1).manifest
    lost = shop.add_file(b"lost")
    location = Path(str(shop.source.store._storage.path("")))
    (location / key_of(lost)).unlink()
    lacking = make(shop, plain, keep=1)
    assert lacking.removed.backups == ()
    assert backup_ids(plain) == [good.id, lacking.manifest.id]


def test_two_at_once_are_refused(shop: SmallShop, plain: Target) -> None:
    with psycopg.connect(shop.source.dsn, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        with pytest.raises(BackupProblem, match="Another backup of this database is being made"):
            make(shop, plain)
    assert backup_ids(plain) == []
    assert make(shop, plain).manifest.whole


def test_a_role_inside_the_walls_is_refused(
    shop: SmallShop, plain: Target, installation: DatabaseAddresses
) -> None:
    inside = BackupSource(installation.owner_dsn, shop.source.store, shop.source.keys, "9.9")
    with pytest.raises(BackupProblem, match="would copy only a part of the rows"):
        backup_create(inside, plain, clock=CLOCK, keep=1)
    assert not Path(plain.place, "backups").exists()


def test_keys_are_in_an_encrypted_backup_only(shop: SmallShop, tmp_path: Path) -> None:
    plain = target_at(str(tmp_path / "plain"), None, {}, create=True)
    hidden = target_at(str(tmp_path / "hidden"), KEY, {}, create=True)
    shop.add_file(b"MARKER-IN-A-FILE")
    assert make(shop, plain).manifest.keys == ()
    manifest = make(shop, hidden).manifest
    assert manifest.keys == ("encryption_key", "session_key")
    stored = json.loads(b"".join(hidden.read(f"backups/{manifest.id}/keys.json")))
    assert stored == shop.source.keys
    secret = shop.source.keys["encryption_key"].encode()
    assert secret not in bytes_in(tmp_path / "plain")
    reported = bytes_in(tmp_path / "hidden")
    names = " ".join(str(path) for path in (tmp_path / "hidden").rglob("*"))
    for marker in (secret, b"MARKER-IN-A-FILE", b"PGDMP", b"aigerim", b"returns_returnrequest"):
        assert marker not in reported
    assert b"MARKER-IN-A-FILE" in bytes_in(tmp_path / "plain")
    assert not any(
        each in names for each in files_parse(hidden.read(f"backups/{manifest.id}/files.txt"))
    )


@pytest.mark.parametrize(
    ("made_with", "opened_with", "says"),
    [
        (None, KEY, "are not encrypted, and a key is given"),
        (KEY, None, "are encrypted: give their key"),
        (KEY, BackupKey("o" * 40), "were encrypted with another key"),
    ],
)
def test_the_wrong_key_is_reported_from_none(
    tmp_path: Path, made_with: BackupKey | None, opened_with: BackupKey | None, says: str
) -> None:
    target_at(str(tmp_path), made_with, {}).open_or_create()
    with pytest.raises(BackupProblem, match=says):
        target_at(str(tmp_path), opened_with, {}).open()
    target_at(str(tmp_path), made_with, {}).open()


def test_a_folder_of_something_else_is_no_place_of_backups(tmp_path: Path) -> None:
    with pytest.raises(BackupProblem, match="There are no backups of Qaitar"):
        target_at(str(tmp_path), None, {}).open()
    with pytest.raises(BackupProblem, match="There is no folder"):
        target_at(str(tmp_path / "none"), None, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"QAITAR_BACKUP_KEEP": "0"}, "QAITAR_BACKUP_KEEP has to be a whole number, at least 1"),
        (
            {"QAITAR_BACKUP_EVERY_HOURS": "daily"},
            "QAITAR_BACKUP_EVERY_HOURS has to be a whole number",
        ),
    ],
)
def test_a_bad_setting_is_refused(environ: dict[str, str], says: str) -> None:
    with pytest.raises(BackupProblem, match=says):
        settings_from(environ)


def test_no_password_is_an_argument(shop: SmallShop) -> None:
    """Other users of the machine see arguments of programs; passwords go by the environment."""
    seen = postgres_tools._address(shop.source.dsn)
    assert "password" not in seen
    assert "dbname='qaitar'" in seen
    environ = postgres_tools._environ(shop.source.dsn)
    assert set(environ) - {"PATH", "LC_ALL", "TZ", "HOME"} == {"PGPASSWORD"}
