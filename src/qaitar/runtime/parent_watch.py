"""Ends the supervised programs when the supervisor itself was killed and could not.

Runs as a script of its own, with the standard library only.  It reads lines `+GROUP` and `-GROUP`
from the supervisor; when that pipe ends, the supervisor is gone, and every group still listed is
told to end and, five seconds later, killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

GRACE_SECONDS = 5.0
_POLL_SECONDS = 0.05


def main() -> None:
    """Listen until the supervisor is gone, then end what it left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        sign, group = line[:1], int(line[1:])
        if sign == "+":
            groups.add(group)
        else:
            groups.discard(group)
    end_groups(groups)


def end_groups(groups: set[int], grace: float = GRACE_SECONDS) -> None:
    """Ask every process group to end; kill what has not after so many seconds."""
    until = time.monotonic() + grace
    left = {group for group in groups if send(group, signal.SIGTERM)}
    while left and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)
        left = {group for group in left if send(group, 0)}
    for group in left:
        send(group, signal.SIGKILL)


def send(group: int, number: int) -> bool:
    """Send a signal to a whole process group; returns whether anybody was in it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


if __name__ == "__main__":
    main()
