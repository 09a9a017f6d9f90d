"""What may go wrong with a call, scripted one call at a time."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """How a call goes wrong; the ledger is never changed by a read, so each is a fault of the answer."""

    SERVER_ERROR = "SERVER_ERROR"  # 500 with a JSON error
    BAD_GATEWAY = "BAD_GATEWAY"  # 502 with an HTML page
    TRUNCATED = "TRUNCATED"  # 200 with half of the JSON
    SLOW = "SLOW"  # the right answer, `seconds` later
    DROP = "DROP"  # the connection ends without an answer
    BUSY = "BUSY"  # 429, with Retry-After when `retry_after` is given
    RESHAPED = "RESHAPED"  # 200 with the right things under names never seen
    PAGE = "PAGE"  # 200 with an HTML page
    UNAUTHORIZED = "UNAUTHORIZED"  # 401


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `seconds` for SLOW, `retry_after` (text of the header) for BUSY."""

    kind: FaultKind
    seconds: float = 0.0
    retry_after: str = ""


class FaultScript:
    """A queue of faults for each kind of call: `orders`, `entries`, `counts`, `list`, `details`, `images`."""

    def __init__(self) -> None:
        """Start with no faults."""
        self._queues: dict[str, deque[Fault]] = defaultdict(deque)

    def add(self, call: str, fault: Fault, times: int = 1) -> None:
        """Make the next `times` calls of this kind go wrong."""
        self._queues[call].extend([fault] * times)

    def take(self, call: str) -> Fault | None:
        """Take the fault meant for this call, if any."""
        queue = self._queues[call]
        return queue.popleft() if queue else None
