"""Takes away from a process that opens a hostile file what it does not need: other files, programs to run, TCP.

By Landlock (https://docs.kernel.org/userspace-api/landlock.html), which a process may use on itself without any right.
The one package for it is an alpha without the rules for networks, hence the three system calls here.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATE_RULESET: Final = 444  # the same numbers on every architecture
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_NO_NEW_PRIVILEGES: Final = 38

_WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_FILE, _MAKE_FILE = (1 << bit for bit in (1, 2, 3, 5, 8))
_TRUNCATE: Final = 1 << 14
_FILES: Final = (
    (1, (1 << 13) - 1),
    (2, 1 << 13),
    (3, _TRUNCATE),
    (5, 1 << 15),
)  # since which version
_TCP: Final = 0b11  # bind, connect
_SCOPES: Final = 0b11  # abstract sockets and signals of processes outside
_WITH_TCP, _WITH_SCOPES = 4, 6  # versions
CONFINES_ALL: Final = _WITH_SCOPES
"""From this version on (Linux 6.12) everything named here is held."""

_SYSTEM: Final = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom")


def version() -> int:
    """Return which version of Landlock the kernel offers; 0 where it offers none."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, _call(_CREATE_RULESET, None, 0, _VERSION))


def confine(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """Leave this process these files and folders and what Python itself reads; False where the kernel cannot.

    In a writable folder files are made, written, read and removed.  Nothing can be run, no TCP connection be made.
    """
    offered = version()
    if not offered:
        return False
    handled = sum(rights for since, rights in _FILES if since <= offered)
    fields = [handled]
    fields += [_TCP] if offered >= _WITH_TCP else []
    fields += [_SCOPES] if offered >= _WITH_SCOPES else []
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return False
    reading = _READ_FILE | _READ_DIR
    writing = (reading | _WRITE_FILE | _REMOVE_FILE | _MAKE_FILE | _TRUNCATE) & handled
    for path in (*_pythons_own(), *readable):
        _allow(ruleset, path, reading)
    for path in writable:
        _allow(ruleset, path, writing)
    _library().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    confined = _call(_RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return confined


def _pythons_own() -> list[Path]:
    """List what imports and libraries read: the interpreter, the environment, our package, the system's libraries."""
    places = {sys.prefix, sys.base_prefix, str(Path(__file__).parents[4]), *_SYSTEM}
    return [Path(each) for each in sorted(places)]


def _allow(ruleset: int, path: Path, rights: int) -> None:
    """Add a rule for what lies there; nothing lies there on some systems."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not path.is_dir():
        rights &= _READ_FILE | _WRITE_FILE | _TRUNCATE
    try:
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: int | bytes | None) -> int:
    return int(_library().syscall(ctypes.c_long(number), *arguments))
