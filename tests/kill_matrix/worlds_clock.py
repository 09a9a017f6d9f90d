"""The moment of the world, seen alike by the processes of the program and by what stands outside."""

from __future__ import annotations

import mmap
import struct
from datetime import UTC, datetime
from typing import Final

_MOMENT: Final = struct.Struct("!d")
_shared: list[mmap.mmap] = []


def begin() -> None:
    """Give this lane, and whatever is forked from it later, a clock of its own."""
    _shared[:] = [mmap.mmap(-1, _MOMENT.size)]


def set_to(moment: datetime) -> None:
    """Let it be this moment."""
    _shared[0][: _MOMENT.size] = _MOMENT.pack(moment.timestamp())


def now() -> datetime:
    """Tell what moment it is."""
    return datetime.fromtimestamp(_MOMENT.unpack(_shared[0][: _MOMENT.size])[0], UTC)
