"""How much the server receives, and for how long it waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from qaitar.foundation.inbox.request_bodies import ANONYMOUS_BYTES_MAX, KB, MB

MEMORY_BYTES: Final = 256 * KB


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes and seconds.

    A body of at most `anonymous_bytes` has `small_seconds` in all, a larger one `large_seconds`.  A sender who falls
    behind `bytes_per_second`, after `grace_seconds`, is refused earlier.  `spool_bytes` is for all bodies that one
    worker receives at the same time and that are too large for memory.  `send_seconds` is how long a client may take to
    read one piece of a streamed answer.
    """

    anonymous_bytes: int = ANONYMOUS_BYTES_MAX
    memory_bytes: int = MEMORY_BYTES
    spool_bytes: int = 2048 * MB
    bytes_per_second: int = 4 * KB
    grace_seconds: float = 20.0
    small_seconds: float = 30.0
    large_seconds: float = 3600.0
    send_seconds: float = 60.0
    linger_bytes: int = 2 * MB
    linger_seconds: float = 2.0

    def seconds_for(self, received: int) -> float:
        """Return how long after its start a body may still be coming when so many bytes of it are there.

        >>> limits = Limits()
        >>> limits.seconds_for(0), limits.seconds_for(1_000_000), limits.seconds_for(10**9)
        (20.0, 264.140625, 3600.0)
        """
        total = self.small_seconds if received <= self.anonymous_bytes else self.large_seconds
        return min(total, self.grace_seconds + received / self.bytes_per_second)
