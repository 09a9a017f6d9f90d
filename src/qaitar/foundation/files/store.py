"""Files kept by their content: the key is the SHA-256, so a kept file can never change in silence."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from typing_extensions import override

from qaitar.foundation.files.names import download_headers

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

__all__ = [
    "BadKey",
    "DurableFileStorage",
    "FileStore",
    "Integrity",
    "Stored",
    "Swept",
    "download_headers",
]

ALIAS = "files"
GRACE_S = 24 * 3600
_CHUNK_BYTES = 1024 * 1024
_KEY = re.compile(r"([0-9a-f]{2})/([0-9a-f]{2})/(\1\2[0-9a-f]{60})\Z")
_INCOMING = ".incoming"
_FOLDER_MODE = 0o750
_FILE_MODE = 0o640


class BadKey(ValueError):
    """The text is not a key of this store, so nothing was looked up."""


class Integrity(StrEnum):
    """What reading a kept file back has shown."""

    INTACT = "intact"
    DAMAGED = "damaged"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a content is kept; `size` in bytes, `new` is false when the same content was there."""

    key: str
    sha256: str
    size: int
    new: bool


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: files removed, their bytes, and files kept."""

    removed: int
    removed_bytes: int
    kept: int


class DurableFileStorage(FileSystemStorage):
    """A local folder where a saved file survives a power cut and is never seen half written.

    Saving an existing name replaces it in one step, because here a name stands for a content.
    """

    @override
    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Keep the name as it is."""
        return name

    @property
    def incoming(self) -> Path:
        """The folder on the same disk where files are written before they get their name."""
        folder = Path(self.location) / _INCOMING
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        return folder

    def _save(self, name: str, content: File[Any]) -> str:
        target = Path(self.path(name))
        handle, temporary = tempfile.mkstemp(dir=self.incoming)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in content.chunks(_CHUNK_BYTES):
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(_FILE_MODE)
            self._make_folders(target.parent)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _fsync_folder(target.parent)
        return name

    def _make_folders(self, folder: Path) -> None:
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for each in reversed(missing):
            each.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            _fsync_folder(each.parent)


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def key_of(sha256: str) -> str:
    """Return the key of a content: two levels of folders, so that no folder grows too large.

    >>> key_of("ab" * 32)[:10]
    'ab/ab/abab'
    """
    key = f"{sha256[:2]}/{sha256[2:4]}/{sha256}"
    if not _KEY.match(key):
        raise BadKey(f"not a SHA-256: {sha256[:80]!r}")
    return key


class FileStore:
    """Keeps files by content over any Django storage: a local folder, or S3 by `STORAGES["files"]`.

    Nothing here changes a kept file.  Only `sweep` removes, and only what nobody knows of.
    """

    def __init__(self, storage: Storage | None = None) -> None:
        """Use the storage given, or the one named `files` in the settings."""
        self._storage = storages[ALIAS] if storage is None else storage

    def put(self, stream: BinaryIO, *, bytes_max: int | None = None) -> Stored:
        """Keep everything the stream holds and return its key; the same content gives the same key.

        When this returns, a local file is on the disk (file and folders synced), an S3 object is
        acknowledged.  A copy that is there already and young is left alone; an old one is written
        anew, so that a sweep running at this moment cannot take it.

        Raises:
            ValueError: the stream holds more than `bytes_max`; nothing was kept.
        """
        digest, size = hashlib.sha256(), 0
        with tempfile.TemporaryFile() as spool:
            while chunk := stream.read(_CHUNK_BYTES):
                size += len(chunk)
                if bytes_max is not None and size > bytes_max:
                    raise ValueError(f"more than {bytes_max} bytes")
                digest.update(chunk)
                spool.write(chunk)
            sha256 = digest.hexdigest()
            key = key_of(sha256)
            known = self._storage.exists(key)
            if not (known and self._storage.size(key) == size and self._age_s(key) < GRACE_S / 2):
                spool.seek(0)
                self._save(key, spool)
        return Stored(key, sha256, size, new=not known)

    def _save(self, key: str, spool: BinaryIO) -> None:
        saved = self._storage.save(key, File(spool, name=key))
        if (
            saved != key
        ):  # a storage that renames instead of replacing would split one content in two
            self._storage.delete(saved)
            raise BadKey(f"the storage kept {key} under another name; it must overwrite")

    def open(self, key: str) -> BinaryIO:
        """Open a kept file for reading; close it when done.

        Raises:
            BadKey: not a key.
            FileNotFoundError: nothing is kept under it.
        """
        opened: BinaryIO = self._storage.open(_checked(key), "rb")  # type: ignore[assignment]  # Django's File offers the binary protocol without inheriting it
        return opened

    def exists(self, key: str) -> bool:
        """Tell whether something is kept under a key; a text that is no key is simply not there."""
        return _KEY.match(key) is not None and self._storage.exists(key)

    def verify(self, key: str) -> Integrity:
        """Read a kept file whole and tell whether it is still the content its key names.

        Raises:
            BadKey: not a key.
        """
        try:
            with self.open(key) as file:
                digest = hashlib.sha256()
                while chunk := file.read(_CHUNK_BYTES):
                    digest.update(chunk)
        except FileNotFoundError:
            return Integrity.MISSING
        return Integrity.INTACT if key.endswith(digest.hexdigest()) else Integrity.DAMAGED

    def sweep(self, known_keys: Container[str], *, older_than_s: float = GRACE_S) -> Swept:
        """Remove kept files that `known_keys` does not contain and that are older than given.

        The age protects a file whose row is not committed yet; it is taken from the machine's clock
        because the disk stamps files with it.  Left-overs of broken uploads go too.
        """
        removed = removed_bytes = kept = 0
        for key in self._keys():
            if key in known_keys or self._age_s(key) < older_than_s:
                kept += 1
                continue
            removed_bytes += self._storage.size(key)
            self._storage.delete(key)
            removed += 1
        self._sweep_incoming(older_than_s)
        return Swept(removed, removed_bytes, kept)

    def _sweep_incoming(self, older_than_s: float) -> None:
        if not isinstance(self._storage, DurableFileStorage):
            return
        for path in self._storage.incoming.iterdir():
            if time.time() - path.stat().st_mtime >= older_than_s:
                path.unlink(missing_ok=True)

    def _keys(self) -> Iterator[str]:
        for first in self._folders(""):
            for second in self._folders(first):
                for name in self._storage.listdir(f"{first}/{second}")[1]:
                    key = f"{first}/{second}/{name}"
                    if _KEY.match(key):
                        yield key

    def _folders(self, inside: str) -> list[str]:
        if inside == "" and isinstance(self._storage, DurableFileStorage):
            self._storage.incoming  # noqa: B018  makes the folder of a store nobody has written to
        return [
            name for name in self._storage.listdir(inside)[0] if re.fullmatch(r"[0-9a-f]{2}", name)
        ]

    def _age_s(self, key: str) -> float:
        return time.time() - self._storage.get_modified_time(key).timestamp()


def _checked(key: str) -> str:
    if not _KEY.match(key):
        raise BadKey(f"not a key: {key[:80]!r}")
    return key
