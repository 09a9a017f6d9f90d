"""Where backups lie: a folder or an S3-compatible bucket, plain or encrypted.

Layout: `qaitar-backup.json` (what this place is), `backups/ID/…` (the parts of one backup; it exists once its manifest
does, which is written last) and `files/xx/…` (contents of attached files, shared by all backups).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from django.core.files.storage import FileSystemStorage

from qaitar.backup.chunks import ChunkReader
from qaitar.backup.encryption import SALT_BYTES, BackupKey
from qaitar.backup.problems import BackupProblem, DamagedBackup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.core.files.storage import Storage

HEADER: Final = "qaitar-backup.json"
FORMAT: Final = 1
_ENCRYPTED: Final = ".enc"
_CHUNK_BYTES: Final = 1024 * 1024


class WrittenObject:
    """What was written: length in bytes and SHA-256, both of the bytes as they lie in the target."""

    def __init__(self) -> None:
        self._digest, self.size = hashlib.sha256(), 0

    @property
    def sha256(self) -> str:
        """The SHA-256 of everything that has passed."""
        return self._digest.hexdigest()

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Hand the chunks on, counting them."""
        for each in chunks:
            self._digest.update(each)
            self.size += len(each)
            yield each


class Target:
    """One place of backups, opened with its key or without one.

    Args:
        storage: where the objects lie; saving an existing name replaces it in one step.
        place: how people call it.
        key: given for an encrypted place.
    """

    def __init__(self, storage: Storage, place: str, key: BackupKey | None = None) -> None:
        self._storage, self.place, self._key = storage, place, key
        self._salt = b""

    @property
    def encrypted(self) -> bool:
        """Whether everything but the header is encrypted."""
        return self._key is not None

    def open(self) -> None:
        """Read the header of a place that holds backups.

        Raises:
            BackupProblem: there is none, it is of another format, or the key is missing or another one.
        """
        try:
            with closing(self._storage.open(HEADER, "rb")) as file:
                header = json.loads(file.read())
        except FileNotFoundError:
            raise BackupProblem(
                f"There are no backups of Qaitar in {self.place}: name the folder or bucket given "
                "to `qaitar backup --to`."
            ) from None
        except ValueError:
            raise DamagedBackup(f"{HEADER} in {self.place} is damaged.") from None
        if header.get("format") != FORMAT:
            raise BackupProblem(
                f"The backups in {self.place} have format {header.get('format')}, this version of qaitar "
                f"reads format {FORMAT}: use the version that made them."
            )
        self._accept_key(header.get("encryption"))

    def open_or_create(self) -> None:
        """Read the header, or write one into an empty place; errors as `open`."""
        if self._storage.exists(HEADER):
            self.open()
            return
        encryption = None
        if self._key is not None:
            self._salt = os.urandom(SALT_BYTES)
            encryption = {
                "cipher": "AES-256-GCM",
                "kdf": "scrypt n=32768 r=8 p=1",
                "salt": self._salt.hex(),
                "check": self._key.check(self._salt),
            }
        header = {"format": FORMAT, "encryption": encryption}
        self._save(HEADER, iter([json.dumps(header, indent=2).encode()]))

    def _accept_key(self, encryption: dict[str, str] | None) -> None:
        if encryption is None and self._key is not None:
            raise BackupProblem(
                f"The backups in {self.place} are not encrypted, and a key is given: choose another "
                "place for encrypted ones, or take the key away."
            )
        if encryption is None:
            return
        if self._key is None:
            raise BackupProblem(
                f"The backups in {self.place} are encrypted: give their key in --key-file, "
                "QAITAR_BACKUP_KEY_FILE or QAITAR_BACKUP_KEY. Without it nobody can read them."
            )
        self._salt = bytes.fromhex(encryption["salt"])
        if self._key.check(self._salt) != encryption["check"]:
            raise BackupProblem(
                f"The backups in {self.place} were encrypted with another key than the one given."
            )

    def file_name(self, sha256: str) -> str:
        """Return under which name the content of an attached file lies."""
        name = sha256 if self._key is None else self._key.name_of(sha256, self._salt)
        return f"files/{name[:2]}/{name}"

    def write(self, name: str, chunks: Iterable[bytes]) -> WrittenObject:
        """Write an object whole and durably, or not at all; an error while `chunks` is read leaves nothing."""
        if self._key is not None:
            chunks = self._key.encrypted(chunks, salt=self._salt, name=name)
        written = WrittenObject()
        self._save(self._stored(name), written.passing(chunks))
        return written

    def read(self, name: str) -> Iterator[bytes]:
        """Read an object in chunks.

        Raises:
            DamagedBackup: it is missing, altered or cut off (the last two only where it is encrypted).
        """
        try:
            file: BinaryIO = self._storage.open(self._stored(name), "rb")  # type: ignore[assignment]  # Django's File offers the binary protocol without inheriting it
        except FileNotFoundError:
            raise DamagedBackup(f"{name} is missing in {self.place}.") from None
        with closing(file):
            if self._key is None:
                while chunk := file.read(_CHUNK_BYTES):
                    yield chunk
            else:
                yield from self._key.decrypted(file, name=name)

    def stored_digest(self, name: str) -> WrittenObject:
        """Read an object as it lies there, without decrypting it, and tell its length and hash."""
        found = WrittenObject()
        try:
            with closing(self._storage.open(self._stored(name), "rb")) as file:
                for _ in found.passing(iter(lambda: file.read(_CHUNK_BYTES), b"")):
                    pass
        except FileNotFoundError:
            raise DamagedBackup(f"{name} is missing in {self.place}.") from None
        return found

    def exists(self, name: str) -> bool:
        """Tell whether an object is there."""
        return self._storage.exists(self._stored(name))

    def remove(self, name: str) -> None:
        """Remove an object; one that is not there is no error."""
        self._storage.delete(self._stored(name))

    def names(self, folder: str) -> set[str]:
        """List the objects of a folder by their names within it; none where there is no such folder."""
        try:
            found = self._storage.listdir(folder)[1]
        except FileNotFoundError:
            return set()
        if self._key is None:
            return {name for name in found if not name.endswith(_ENCRYPTED)}
        return {name.removesuffix(_ENCRYPTED) for name in found if name.endswith(_ENCRYPTED)}

    def folders(self, folder: str) -> set[str]:
        """List the folders within a folder."""
        try:
            return set(self._storage.listdir(folder)[0])
        except FileNotFoundError:
            return set()

    def remove_empty(self, folder: str) -> None:
        """Remove a folder that has become empty; a bucket has none."""
        if isinstance(self._storage, FileSystemStorage):
            with contextlib.suppress(FileNotFoundError):
                Path(self._storage.path(folder)).rmdir()

    def _stored(self, name: str) -> str:
        return name if self._key is None else name + _ENCRYPTED

    def _save(self, name: str, chunks: Iterator[bytes]) -> None:
        stream = io.BufferedReader(ChunkReader(chunks), _CHUNK_BYTES)
        try:
            self._storage.save(name, File(stream, name=name))
        except OSError as error:
            raise BackupProblem(
                f"Nothing can be written to {self.place}: {error.strerror or error}."
            ) from error
        except (ClientError, BotoCoreError) as error:
            raise BackupProblem(f"The bucket of {self.place} refuses: {error}") from error
