"""The one clock of the program.  Everything else takes `now` as an argument."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_frozen: ContextVar[datetime | None] = ContextVar("qaitar_clock", default=None)


def utc_now() -> datetime:
    """Tell the present moment, aware, in UTC; the frozen one inside `frozen_at`."""
    return _frozen.get() or datetime.now(UTC)


@contextmanager
def frozen_at(moment: datetime) -> Iterator[None]:
    """Hold the clock at `moment` for this context: tests, the walkthrough and the simulated world."""
    assert moment.tzinfo is not None, "a moment without a zone is not a moment"
    token = _frozen.set(moment)
    try:
        yield
    finally:
        _frozen.reset(token)
