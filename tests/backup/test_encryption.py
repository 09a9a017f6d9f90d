"""The encrypted stream: whole or refused, whatever is done to it; and its format, read by other hands."""

from __future__ import annotations

import io

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from qaitar.backup.encryption import CHUNK_BYTES, BackupKey
from qaitar.backup.problems import BackupProblem, DamagedBackup

KEY = BackupKey("correct horse battery staple, and more of it")
SALT = bytes(range(16))
HEAD = 8 + 16 + 32
SEALED_CHUNK = CHUNK_BYTES + 16


def sealed(plain: bytes, name: str = "files/ab/x", pieces: int = 77_777) -> bytes:
    chunks = (plain[at : at + pieces] for at in range(0, len(plain), pieces))
    return b"".join(KEY.encrypted(chunks, salt=SALT, name=name))


def opened(stored: bytes, name: str = "files/ab/x", key: BackupKey = KEY) -> bytes:
    return b"".join(key.decrypted(io.BytesIO(stored), name=name))


@pytest.mark.parametrize(
    "size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 2_500_000]
)
def test_what_was_written_comes_back(size: int) -> None:
    plain = bytes(at * 7 % 251 for at in range(1000)) * (size // 1000 + 1)
    plain = plain[:size]
    stored = sealed(plain)
    chunks = max(1, -(-size // CHUNK_BYTES))
    assert len(stored) == HEAD + size + 16 * chunks
    assert opened(stored) == plain


def test_the_same_content_is_never_stored_alike() -> None:
    assert sealed(b"one") != sealed(b"one")


def test_the_format_is_the_documented_one() -> None:
    """Decrypted here from the description alone, without the program."""
    plain = b"a" * CHUNK_BYTES + b"end"
    stored = sealed(plain, name="backups/1/database.dump")
    assert stored[:8] == b"QAITARB1"
    assert stored[8:24] == SALT
    text = b"correct horse battery staple, and more of it"
    master = Scrypt(salt=SALT, length=32, n=2**15, r=8, p=1).derive(text)
    info = b"qaitar backup file"
    key = HKDF(algorithm=SHA256(), length=32, salt=stored[24:56], info=info).derive(master)
    bound = stored[:56] + b"backups/1/database.dump"
    first, last = stored[56 : 56 + SEALED_CHUNK], stored[56 + SEALED_CHUNK :]
    found = AESGCM(key).decrypt(bytes(12), first, bound)
    found += AESGCM(key).decrypt(bytes(7) + b"\x00\x00\x00\x01\x01", last, bound)
    assert found == plain


TWO_CHUNKS = sealed(b"x" * (2 * CHUNK_BYTES))


DAMAGED = [
    b"",
    TWO_CHUNKS[:HEAD],
    TWO_CHUNKS[: HEAD - 1],
    TWO_CHUNKS[: HEAD + SEALED_CHUNK],  # cut off exactly between two chunks
    TWO_CHUNKS[:-1],
    TWO_CHUNKS + b"\0",
    TWO_CHUNKS + TWO_CHUNKS[-SEALED_CHUNK:],  # a chunk doubled
    TWO_CHUNKS[:HEAD] + TWO_CHUNKS[-SEALED_CHUNK:] + TWO_CHUNKS[HEAD:-SEALED_CHUNK],  # swapped
    *(
        TWO_CHUNKS[:at] + bytes([TWO_CHUNKS[at] ^ 1]) + TWO_CHUNKS[at + 1 :]
        for at in (0, 8, 24, HEAD, HEAD + CHUNK_BYTES, len(TWO_CHUNKS) - 1)
    ),
]


@pytest.mark.parametrize("number", range(len(DAMAGED)))
def test_what_was_altered_is_refused(number: int) -> None:
    """By number: the bytes differ from run to run, and so would the names of the tests."""
    with pytest.raises(DamagedBackup):
        opened(DAMAGED[number])


def test_an_object_under_another_name_is_refused() -> None:
    with pytest.raises(DamagedBackup):
        opened(sealed(b"one"), name="files/ab/y")


def test_another_key_opens_nothing_and_names_files_otherwise() -> None:
    other = BackupKey("another horse battery staple, and more of it")
    with pytest.raises(DamagedBackup):
        opened(sealed(b"one"), key=other)
    assert KEY.name_of("ab" * 32, SALT) != other.name_of("ab" * 32, SALT)
    assert KEY.check(SALT) != other.check(SALT)
    assert KEY.name_of("ab" * 32, SALT) != "ab" * 32


def test_a_short_key_is_refused() -> None:
    with pytest.raises(BackupProblem, match="at least 32 characters"):
        BackupKey(" " * 40 + "k" * 31)
