"""The one clock of the program.  Everything else takes `now` as an argument."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_frozen: ContextVar[datetime | None] = ContextVar("qaitar_clock", default=None)


def utc_now() -> datetime:
    """Tell the present moment, aware, in UTC; the frozen one inside `frozen_at`."""
    return _frozen.get() or datetime.now(UTC)


def running_s() -> float:
    """Tell seconds that only ever grow, for budgets of time; they stand still inside `frozen_at`."""
    frozen = _frozen.get()
    return monotonic() if frozen is None else frozen.timestamp()


@contextmanager
def frozen_at(moment: datetime) -> Iterator[None]:
    """Hold the clock at `moment` for this context: tests, the walkthrough and the simulated world."""
    assert moment.tzinfo is not None, "a moment without a zone is not a moment"
    token = _frozen.set(moment)
    try:
        yield
    finally:
        _frozen.reset(token)
