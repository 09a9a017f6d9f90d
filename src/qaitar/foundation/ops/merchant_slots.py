"""How many jobs of one merchant a worker process runs at a time that wait for outside systems.

Without Django, since the worker sets the limit before the program is loaded.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator


class MerchantSlots:
    """Slots of a process, counted by merchant."""

    def __init__(self, limit: int) -> None:
        """Give each merchant so many slots at a time."""
        self.limit = limit
        self._lock = Lock()
        self._busy: Counter[str] = Counter()

    @contextmanager
    def slot_held(self, merchant_id: str) -> Iterator[bool]:
        """Hold a slot of this merchant while the block runs; False where all are taken."""
        with self._lock:
            free = self._busy[merchant_id] < self.limit
            if free:
                self._busy[merchant_id] += 1
        try:
            yield free
        finally:
            if free:
                with self._lock:
                    self._busy[merchant_id] -= 1


SLOTS: Final = MerchantSlots(limit=2)
