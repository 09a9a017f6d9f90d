"""A kept file is found by its content, survives a power cut, and never changes in silence."""

from __future__ import annotations

import hashlib
import io
import os
import threading
import time
from typing import TYPE_CHECKING

import pytest
from django.core.files.storage import InMemoryStorage

from qaitar.foundation.files.store import (
    BadFileKey,
    DurableFileStorage,
    FileStore,
    Integrity,
    key_of,
)

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = "Акт НРП".encode() * 1000
SHA = hashlib.sha256(CONTENT).hexdigest()
KEY = f"{SHA[:2]}/{SHA[2:4]}/{SHA}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def store(folder: Path) -> FileStore:
    return FileStore(DurableFileStorage(location=str(folder)))


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_content_is_stored_under_its_hash_and_read_back_the_same(
    store: FileStore, folder: Path
) -> None:
    stored = store.put(io.BytesIO(CONTENT))

    assert (stored.key, stored.sha256, stored.size, stored.new) == (KEY, SHA, len(CONTENT), True)
    assert _files(folder) == [KEY]
    with store.open(KEY) as file:
        assert file.read() == CONTENT
    assert store.exists(KEY)
    assert store.verify(KEY) is Integrity.INTACT
    assert (folder / KEY).stat().st_mode & 0o777 == 0o640


def test_the_same_content_twice_is_one_file_untouched(store: FileStore, folder: Path) -> None:
    first = store.put(io.BytesIO(CONTENT))
    before = (folder / KEY).stat()
    second = store.put(io.BytesIO(CONTENT))

    after = (folder / KEY).stat()
    assert (second.key, second.new, first.new) == (KEY, False, True)
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert _files(folder) == [KEY]


def test_twenty_people_sending_the_same_photo_at_once_leave_one_whole_file(
    store: FileStore, folder: Path
) -> None:
    start, keys = threading.Barrier(20), []

    def send() -> None:
        start.wait()
        keys.append(store.put(io.BytesIO(CONTENT)).key)

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert keys == [KEY] * 20
    assert _files(folder) == [KEY]
    assert store.verify(KEY) is Integrity.INTACT


def test_file_and_folders_are_synced_before_the_key_is_given(
    store: FileStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(handle: int) -> None:
        is_folder = os.path.isdir(f"/proc/self/fd/{handle}")  # noqa: PTH112  a link of the kernel, not a path
        events.append("folder" if is_folder else "file")
        real_fsync(handle)

    def replace(source: str, target: str) -> None:
        events.append("rename")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    store.put(io.BytesIO(CONTENT))

    assert events == ["file", "folder", "folder", "rename", "folder"]


def test_a_full_disk_leaves_nothing_inside(
    store: FileStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        store.put(io.BytesIO(CONTENT))
    monkeypatch.undo()

    assert _files(folder) == []
    assert not store.exists(KEY)
    assert store.put(io.BytesIO(CONTENT)).new


def test_a_stream_that_breaks_or_is_too_long_leaves_nothing_inside(
    store: FileStore, folder: Path
) -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.put(Broken())
    with pytest.raises(ValueError, match="more than 10 bytes"):
        store.put(io.BytesIO(b"x" * 11), bytes_max=10)

    assert _files(folder) == []


def test_damage_on_the_disk_is_found_and_healed_by_sending_the_file_again(
    store: FileStore, folder: Path
) -> None:
    store.put(io.BytesIO(CONTENT))
    (folder / KEY).chmod(0o640)
    (folder / KEY).write_bytes(CONTENT[:-1] + b"!")
    assert store.verify(KEY) is Integrity.DAMAGED
    (folder / KEY).write_bytes(CONTENT[:-5])
    assert store.verify(KEY) is Integrity.DAMAGED

    store.put(io.BytesIO(CONTENT))

    assert store.verify(KEY) is Integrity.INTACT
    assert store.verify(key_of("0" * 64)) is Integrity.MISSING


BAD_KEYS = [
    "", "/", ".", "..", "../../etc/passwd", "/etc/passwd", f"{KEY}/../x", f"../{KEY}", f"{KEY}\x00", f"{KEY}\n",
    KEY.upper(), SHA, f"00/{SHA[2:4]}/{SHA}", f"{SHA[:2]}/00/{SHA}", KEY[:-1], KEY + "0", KEY.replace("/", "\\"),
    f"{SHA[:2]}//{SHA[2:4]}/{SHA}", ".incoming/x", f"%2e%2e/{KEY}", KEY.replace(SHA[:2], "．．", 1),
]  # fmt: skip


@pytest.mark.parametrize("key", BAD_KEYS)
def test_what_is_no_key_opens_nothing(key: str, store: FileStore) -> None:
    store.put(io.BytesIO(CONTENT))

    assert store.exists(key) is False
    with pytest.raises(BadFileKey):
        store.open(key)
    with pytest.raises(BadFileKey):
        store.verify(key)


def test_a_missing_file_says_so(store: FileStore) -> None:
    with pytest.raises(FileNotFoundError):
        store.open(KEY)
    assert store.exists(KEY) is False


@pytest.mark.parametrize("not_a_hash", ["", "abc", "g" * 64, "A" * 64, "../" * 21 + "x"])
def test_no_key_is_made_of_what_is_no_hash(not_a_hash: str) -> None:
    with pytest.raises(BadFileKey):
        key_of(not_a_hash)


def _aged(folder: Path, key: str, hours: float) -> None:
    when = time.time() - hours * 3600
    os.utime(folder / key, (when, when))


def test_what_broken_uploads_left_goes_after_a_day_and_nothing_else(
    store: FileStore, folder: Path
) -> None:
    stored = store.put(io.BytesIO(b"known old")).key
    (folder / "notes.txt").write_bytes(b"a person's own file is not ours to take")
    for name in (".incoming/left", ".incoming/running"):
        (folder / name).write_bytes(b"half")
    for name in (stored, "notes.txt", ".incoming/left"):
        _aged(folder, name, hours=25)
    assert store.leftovers_remove() == 1
    assert _files(folder) == sorted([".incoming/running", stored, "notes.txt"])
    assert FileStore(InMemoryStorage()).leftovers_remove() == 0


def test_another_storage_does_as_well_but_one_that_renames_is_refused() -> None:
    storage = InMemoryStorage()
    store = FileStore(storage)

    assert store.put(io.BytesIO(CONTENT)).key == KEY
    assert store.verify(KEY) is Integrity.INTACT
    storage.delete(KEY)
    with storage.open(KEY, "wb") as file:
        file.write(b"damaged")
    with pytest.raises(BadFileKey, match="must overwrite"):
        store.put(io.BytesIO(CONTENT))
    assert storage.listdir(f"{SHA[:2]}/{SHA[2:4]}") == ([], [SHA])
