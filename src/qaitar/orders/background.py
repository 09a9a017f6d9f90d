"""One piece of work at a time beside the caller: the next batch is read while the last one is written."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class Background:
    """Runs works one after another in a thread of its own, which is made only when there is a first work.

    Leaving the block waits for the last work; its exception comes out then, or at the next `settle`.
    """

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._pool: ThreadPoolExecutor | None = None
        self._running: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True)
        if kind is None:
            self.settle()

    def start(self, work: Callable[[], None]) -> None:
        """Begin a work once the one before it has ended; an exception of that one comes out here."""
        self.settle()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="merge")
        self._running = self._pool.submit(work)

    def settle(self) -> None:
        """Wait for the work under way; its exception comes out here."""
        running, self._running = self._running, None
        if running is not None:
            running.result()
