"""Puts a bench database's files into the machine's memory or out of it, so that a figure does not hang on what ran before."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qaitar.lab.bench.ground import Ground

_CHUNK: Final = 1 << 20
CAN_CHILL: Final = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class Warmth:
    """Where the files of shops are to be when a bench begins: in memory, as on a server that has run for a while, or cold.

    `data` is the server's own folder (`data_directory`), on this machine.
    """

    data: Path
    cold: bool = False

    def settle(self, grounds: Iterable[Ground]) -> str:
        """Bring the files of these databases there, and say how much that was."""
        move = chill if self.cold else warm
        gigabytes = sum(move(ground, self.data) for ground in grounds) / 1e9
        if self.cold:
            return f"{gigabytes:.1f} GB of the shops' files lay on the disk alone when it began."
        return f"{gigabytes:.1f} GB of the shops' files were read into the machine's memory first."


def warm(ground: Ground, data: Path) -> int:
    """Read every file of the database once; give the bytes."""
    read = 0
    for path in _files(ground, data):
        with path.open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                read += len(chunk)
    return read


def chill(ground: Ground, data: Path) -> int:
    """Have the system forget every file of the database; give the bytes.

    What the server holds in buffers of its own stays: they are small beside a big shop.
    """
    assert CAN_CHILL, "only Linux forgets a file on demand"
    forgotten = 0
    for path in _files(ground, data):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # what is not on the disk yet cannot be forgotten
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            forgotten += os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
    return forgotten


def _files(ground: Ground, data: Path) -> Iterator[Path]:
    with ground.owner() as owner:
        row = owner.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        found = row.fetchone()
    assert found is not None
    folder = data / "base" / str(found[0])
    yield from (Path(each.path) for each in os.scandir(folder) if each.is_file())
