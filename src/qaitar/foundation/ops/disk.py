"""Recognises that something failed only because a disk is full."""

from __future__ import annotations

import errno
from typing import Final

from psycopg.errors import DiskFull

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def disk_full(error: BaseException) -> bool:
    """Tell whether an error, or what it came of, is a full disk: the program's own or the database's.

    >>> disk_full(OSError(errno.ENOSPC, "No space left on device")), disk_full(OSError(errno.EACCES, "denied"))
    (True, False)
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, DiskFull) or (isinstance(seen, OSError) and seen.errno in _NO_SPACE):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
