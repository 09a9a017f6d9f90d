"""Encryption of a backup: a stream of chunks under AES-256-GCM, the key derived from a text kept elsewhere.

Format of an encrypted object, version 1 (docs/deployment.md, "Encrypted backups"):

    magic        8 bytes   "QAITARB1"
    key salt    16 bytes   scrypt(text, salt, n=2^15, r=8, p=1) gives the 32-byte master key
    file salt   32 bytes   HKDF-SHA256(master key, salt, "qaitar backup file") gives the 32-byte file key
    chunks                 each 1 MiB of plain bytes (the last one shorter, perhaps empty) and a 16-byte tag

The nonce of chunk number n is 7 zero bytes, n as 4 bytes big-endian, and one byte that is 1 for the last chunk only.
Associated data of every chunk: the 56 bytes above, then the object's name.  So a chunk that was altered, left out,
doubled or moved is noticed, also in another object, and so is an object that was cut off or renamed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from qaitar.backup.problems import BackupProblem, DamagedBackup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KEY_CHARS_MIN: Final = 32
SALT_BYTES: Final = 16
CHUNK_BYTES: Final = 1024 * 1024
_MAGIC: Final = b"QAITARB1"
_FILE_SALT_BYTES: Final = 32
_TAG_BYTES: Final = 16
_HEAD_BYTES: Final = len(_MAGIC) + SALT_BYTES + _FILE_SALT_BYTES


@lru_cache(maxsize=4)
def _master(text: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(text)


def _derived(master: bytes, purpose: bytes, salt: bytes | None = None) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"qaitar backup " + purpose).derive(
        master
    )


class BackupKey:
    """The text that opens a backup; at least 32 characters, kept apart from the backup."""

    def __init__(self, text: str) -> None:
        if len(text.strip()) < KEY_CHARS_MIN:
            raise BackupProblem(
                f"The key of the backup needs at least {KEY_CHARS_MIN} characters: make one with "
                "`qaitar backup new-key FILE`."
            )
        self._text = text.strip().encode()

    def check(self, salt: bytes) -> str:
        """Return what a target keeps to tell this key from another one; it says nothing about the key."""
        return _derived(_master(self._text, salt), b"key check").hex()

    def name_of(self, sha256: str, salt: bytes) -> str:
        """Return the name of a file in the target, so that nobody without the key learns its content's hash."""
        key = _derived(_master(self._text, salt), b"file names")
        return hmac.new(key, sha256.encode(), hashlib.sha256).hexdigest()

    def encrypted(self, chunks: Iterable[bytes], *, salt: bytes, name: str) -> Iterator[bytes]:
        """Encrypt a stream for the object `name`; memory stays at two chunks."""
        head = _MAGIC + salt + os.urandom(_FILE_SALT_BYTES)
        cipher = self._cipher(head)
        yield head
        waiting, number = bytearray(), 0
        for each in chunks:
            waiting += each
            while len(waiting) > CHUNK_BYTES:
                plain = bytes(waiting[:CHUNK_BYTES])
                del waiting[:CHUNK_BYTES]
                yield cipher.encrypt(_nonce(number, last=False), plain, head + name.encode())
                number += 1
        yield cipher.encrypt(_nonce(number, last=True), bytes(waiting), head + name.encode())

    def decrypted(self, source: BinaryIO, *, name: str) -> Iterator[bytes]:
        """Decrypt the object `name`.

        Raises:
            DamagedBackup: another key, or altered, moved or cut off; what was given out before is as it was written.
        """
        head = source.read(_HEAD_BYTES)
        if len(head) < _HEAD_BYTES or not head.startswith(_MAGIC):
            raise DamagedBackup(f"{name} is no encrypted part of a backup of this format.")
        cipher = self._cipher(head)
        following = _read(source, CHUNK_BYTES + _TAG_BYTES)
        for number in count():
            sealed, following = following, _read(source, CHUNK_BYTES + _TAG_BYTES)
            nonce = _nonce(number, last=not following)
            try:
                plain = cipher.decrypt(nonce, sealed, head + name.encode())
            except InvalidTag as error:
                raise DamagedBackup(
                    f"{name} cannot be decrypted: it is damaged, or was encrypted with another key."
                ) from error
            yield plain
            if not following:
                return

    def _cipher(self, head: bytes) -> AESGCM:
        salt = head[len(_MAGIC) : len(_MAGIC) + SALT_BYTES]
        return AESGCM(
            _derived(_master(self._text, salt), b"file", head[len(_MAGIC) + SALT_BYTES :])
        )


def _read(source: BinaryIO, size: int) -> bytes:
    """Read exactly `size` bytes, fewer only at the end: a stream from a network gives what it has."""
    parts = []
    while size and (part := source.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _nonce(number: int, *, last: bool) -> bytes:
    return bytes(7) + number.to_bytes(4) + bytes([last])
