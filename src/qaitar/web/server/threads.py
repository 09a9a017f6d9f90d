"""The few threads Django runs in; each can be addressed, so that a stream goes on where it began."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@dataclass(slots=True)
class _Job(Generic[T]):
    work: Callable[..., T]
    given: tuple[Any, ...]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[T]

    def run(self) -> None:
        try:
            settle = partial(_set_result, self.future, self.work(*self.given))
        except BaseException as error:  # noqa: BLE001  whoever waits for the result gets it
            settle = partial(_set_error, self.future, error)
        with suppress(RuntimeError):  # the loop has ended: nobody waits any more
            self.loop.call_soon_threadsafe(settle)


def _set_result(future: asyncio.Future[T], result: T) -> None:
    if not future.cancelled():
        future.set_result(result)


def _set_error(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.cancelled():
        future.set_exception(error)


class Threads:
    """Threads that take work from a common queue, and each also from one of its own.

    Django keeps the language and the database connection of a request by thread; what is done in pieces has to be done
    in one thread.
    """

    def __init__(self, count: int) -> None:
        self._changed = threading.Condition()
        self._common: deque[_Job[Any]] = deque()
        self._own: list[deque[_Job[Any]]] = [deque() for _ in range(count)]
        self._ended = False
        self._place = threading.local()
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"django-{number}")
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def run(
        self, work: Callable[..., T], *given: Any, thread: int | None = None
    ) -> asyncio.Future[T]:
        """Have work done by any thread, or by the one with this number, in the order of asking; call it in an event loop."""
        loop = asyncio.get_running_loop()
        job: _Job[T] = _Job(work, given, loop, loop.create_future())
        with self._changed:
            (self._common if thread is None else self._own[thread]).append(job)
            self._changed.notify_all()
        return job.future

    def here(self) -> int:
        """Return the number of the thread that asks."""
        number: int = self._place.number
        return number

    def end(self) -> None:
        """Do what is asked for already, then end the threads."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self, number: int) -> None:
        self._place.number = number
        while (job := self._next(self._own[number])) is not None:
            job.run()

    def _next(self, own: deque[_Job[Any]]) -> _Job[Any] | None:
        with self._changed:
            while not own and not self._common:
                if self._ended:
                    return None
                self._changed.wait()
            return own.popleft() if own else self._common.popleft()
