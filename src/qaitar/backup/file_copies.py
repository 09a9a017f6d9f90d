"""Copies attached files by their content's hash: each is proved while it is read, and none is taken for another."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qaitar.backup.chunks import ChunkReader
from qaitar.backup.problems import DamagedBackup
from qaitar.foundation.files.store import FileStore, Integrity, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from qaitar.backup.target import Target

_THREADS: Final = 4
_CHUNK_BYTES: Final = 1024 * 1024


class NotThatContent(Exception):
    """The bytes read are not the content that the hash names."""


@dataclass(frozen=True, slots=True)
class Copied:
    """How many files were copied now, their bytes, and what is wrong with which: `SHA-256 missing` or `… damaged`."""

    files: int
    size: int
    faults: tuple[str, ...]


def _proved(chunks: Iterable[bytes], sha256: str) -> Iterator[bytes]:
    """Hand chunks on; raise in place of the end when they were not the content named."""
    digest = hashlib.sha256()
    for each in chunks:
        digest.update(each)
        yield each
    if digest.hexdigest() != sha256:
        raise NotThatContent(sha256)


def files_to_target(store: FileStore, target: Target, wanted: Mapping[str, int]) -> Copied:
    """Copy what the target lacks of `wanted` (hash → length in bytes).

    A file that is missing or damaged in the store is named, and nothing of it is written.
    """
    there = _present(target, wanted)

    def copy(sha256: str) -> str:
        try:
            with closing(store.open(key_of(sha256))) as file:
                chunks = iter(lambda: file.read(_CHUNK_BYTES), b"")
                target.write(target.file_name(sha256), _proved(chunks, sha256))
        except FileNotFoundError:
            return f"{sha256} {Integrity.MISSING}"
        except NotThatContent:
            return f"{sha256} {Integrity.DAMAGED}"
        return ""

    return _copied([each for each in wanted if each not in there], wanted, copy)


def files_to_store(target: Target, store: FileStore, wanted: Mapping[str, int]) -> Copied:
    """Put every file of `wanted` from the target into the store; what is missing or damaged there is named."""

    def copy(sha256: str) -> str:
        name = target.file_name(sha256)
        if not target.exists(name):
            return f"{sha256} {Integrity.MISSING}"
        try:
            chunks = _proved(target.read(name), sha256)
            store.put(io.BufferedReader(ChunkReader(chunks)))
        except (NotThatContent, DamagedBackup):
            return f"{sha256} {Integrity.DAMAGED}"
        return ""

    return _copied(list(wanted), wanted, copy)


def _copied(hashes: list[str], sizes: Mapping[str, int], copy: Callable[[str], str]) -> Copied:
    with ThreadPoolExecutor(_THREADS) as pool:
        faults = dict(zip(hashes, pool.map(copy, hashes), strict=True))
    done = [each for each in hashes if not faults[each]]
    return Copied(
        len(done), sum(sizes[each] for each in done), tuple(sorted(filter(None, faults.values())))
    )


def _present(target: Target, wanted: Iterable[str]) -> set[str]:
    """Tell which contents lie in the target; one listing for each folder, not one question for each file."""
    named = {each: target.file_name(each) for each in wanted}
    folders = {name.rpartition("/")[0] for name in named.values()}
    there = {f"{folder}/{name}" for folder in folders for name in target.names(folder)}
    return {each for each, name in named.items() if name in there}


def files_text(files: Mapping[str, int]) -> Iterator[bytes]:
    """Write the list of files: one line each, SHA-256 and length in bytes, by hash."""
    for sha256, size in sorted(files.items()):
        yield f"{sha256} {size}\n".encode()


def files_parse(chunks: Iterable[bytes]) -> dict[str, int]:
    """Read what `files_text` wrote.

    Raises:
        DamagedBackup: it is something else.

    >>> files_parse(files_text({"ab" * 32: 7})) == {"ab" * 32: 7}
    True
    """
    found = {}
    try:
        for line in b"".join(chunks).decode("ascii").splitlines():
            sha256, size = line.split(" ")
            key_of(sha256)
            found[sha256] = int(size)
    except ValueError as error:
        raise DamagedBackup(f"The list of files in the backup is damaged: {error}.") from error
    return found
