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
    FORBIDDEN = "FORBIDDEN"  # 403
    NEVER = "NEVER"  # no answer until `seconds` passed or waiting calls are let go; then the connection ends


@dataclass(frozen=True, slots=True)
class KaspiFault:
    """One fault; `seconds` for SLOW and NEVER, `retry_after` (text of the header) for BUSY."""

    kind: FaultKind
    seconds: float = 0.0
    retry_after: str = ""


class FaultScript:
    """Faults to come: a queue for each kind of call (`orders`, `entries`, `counts`, `list`, `details`, `images`), and by number."""

    def __init__(self) -> None:
        """Start with no faults."""
        self._queues: dict[str, deque[KaspiFault]] = defaultdict(deque)
        self._details: dict[str, tuple[KaspiFault, int | None]] = {}

    def add(self, call: str, fault: KaspiFault, times: int = 1) -> None:
        """Make the next `times` calls of this kind go wrong."""
        self._queues[call].extend([fault] * times)

    def fail_detail(self, number: str, fault: KaspiFault, times: int | None = None) -> None:
        """Make the detail of one request go wrong so many times; no `times`: until `mend_detail`."""
        self._details[number] = (fault, times)

    def mend_detail(self, number: str) -> None:
        """Let the detail of one request be answered again."""
        self._details.pop(number, None)

    def take(self, call: str, number: str = "") -> KaspiFault | None:
        """Take the fault meant for this call, if any; `number` is the request a detail is asked for."""
        if call == "details" and (fault := self._take_detail(number)):
            return fault
        queue = self._queues[call]
        return queue.popleft() if queue else None

    def _take_detail(self, number: str) -> KaspiFault | None:
        fault, left = self._details.get(number, (None, 0))
        if fault is None or left is None:
            return fault
        if left <= 1:
            del self._details[number]
        else:
            self._details[number] = (fault, left - 1)
        return fault
