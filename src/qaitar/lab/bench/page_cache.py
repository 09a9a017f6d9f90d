"""Puts a bench database's files into the machine's memory or out of it, so that a figure does not hang on what ran before."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from qaitar.lab.bench.database import BenchDatabase

_CHUNK: Final = 1 << 20
CAN_CHILL: Final = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class Warmth:
    """Where the files of shops are to be when a bench begins: in memory, as on a server that has run for a while, or cold.

    `data` is the server's own folder (`data_directory`), on this machine.
    """

    data: Path
    cold: bool = False

    def settle(self, grounds: Iterable[BenchDatabase]) -> str:
        """Bring the files of these databases there, and say how much that was."""
        move = chill if self.cold else warm
        gigabytes = sum(move(ground, self.data) for ground in grounds) / 1e9
        if self.cold:
            return f"{gigabytes:.1f} GB of the shops' files lay on the disk alone when it began."
        return f"{gigabytes:.1f} GB of the shops' files were read into the machine's memory first."


def warm(ground: BenchDatabase, data: Path) -> int:
    """Read every file of the database once; give the bytes."""
    read = 0
    for path in _files(ground, data):
        with suppress(FileNotFoundError), path.open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                read += len(chunk)
    return read


def chill(ground: BenchDatabase, data: Path) -> int:
    """Have the system forget every file of the database; give the bytes.

    What the server holds in buffers of its own stays: they are small beside a big shop.
    """
    assert CAN_CHILL, "only Linux forgets a file on demand"
    forgotten = 0
    for path in _files(ground, data):
        with suppress(FileNotFoundError), path.open("rb", buffering=0) as file:
            os.fsync(file)  # what is not on the disk yet cannot be forgotten
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            forgotten += os.fstat(file.fileno()).st_size
    return forgotten


def _files(ground: BenchDatabase, data: Path) -> list[Path]:
    """List the database's files; the server may remove one before it is opened.

    `pg_internal.init` is left out: the server deletes and writes it anew whenever its catalogue changes.
    """
    with ground.owner() as owner:
        row = owner.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        found = row.fetchone()
    assert found is not None
    folder = data / "base" / str(found[0])
    return [
        path
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith("pg_internal.init")
    ]
