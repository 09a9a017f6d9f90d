"""Files kept by their content: the key is the SHA-256, so a kept file can never change in silence."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from typing_extensions import override

from qaitar.foundation.files.names import download_headers

if TYPE_CHECKING:
    pass

__all__ = [
    "BadFileKey",
    "DurableFileStorage",
    "FileStore",
    "Integrity",
    "Stored",
    "download_headers",
]

ALIAS = "files"
LEFTOVER_AGE_S = 24 * 3600  # no upload takes that long
_CHUNK_BYTES = 1024 * 1024
_KEY = re.compile(r"([0-9a-f]{2})/([0-9a-f]{2})/(\1\2[0-9a-f]{60})\Z")
_INCOMING = ".incoming"
_FOLDER_MODE = 0o750
_FILE_MODE = 0o640


class BadFileKey(ValueError):
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
        raise BadFileKey(f"not a SHA-256: {sha256[:80]!r}")
    return key


class FileStore:
    """Keeps files by content over any Django storage: a local folder, or S3 by `STORAGES["files"]`.

    Nothing here changes or removes a kept file.
    """

    def __init__(self, storage: Storage | None = None) -> None:
        """Use the storage given, or the one named `files` in the settings."""
        self._storage = storages[ALIAS] if storage is None else storage

    def put(self, stream: BinaryIO, *, bytes_max: int | None = None) -> Stored:
        """Keep everything the stream holds and return its key; the same content gives the same key.

        When this returns, a local file is on the disk (file and folders synced), an S3 object is
        acknowledged.  A copy that is there already is left alone.

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
            if not (known and self._storage.size(key) == size):
                spool.seek(0)
                self._save(key, spool)
        return Stored(key, sha256, size, new=not known)

    def _save(self, key: str, spool: BinaryIO) -> None:
        saved = self._storage.save(key, File(spool, name=key))
        if (
            saved != key
        ):  # a storage that renames instead of replacing would split one content in two
            self._storage.delete(saved)
            raise BadFileKey(f"the storage kept {key} under another name; it must overwrite")

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

    def leftovers_remove(self, *, older_than_s: float = LEFTOVER_AGE_S) -> int:
        """Remove what broken uploads left half written in a local folder; return how many files that were.

        The age is taken from the machine's clock, because the disk stamps files with it.
        """
        if not isinstance(self._storage, DurableFileStorage):
            return 0
        removed = 0
        for path in self._storage.incoming.iterdir():
            with suppress(FileNotFoundError):  # the upload ended meanwhile
                if time.time() - path.stat().st_mtime >= older_than_s:
                    path.unlink()
                    removed += 1
        return removed


def _checked(key: str) -> str:
    if not _KEY.match(key):
        raise BadFileKey(f"not a key: {key[:80]!r}")
    return key
