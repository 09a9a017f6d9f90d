"""Makes new identifiers.  The one place of this room that is not pure: it reads the clock and random bytes."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING
from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_made_by: ContextVar[Callable[[], UUID] | None] = ContextVar("qaitar_ids", default=None)


@contextmanager
def ids_from(make: Callable[[], UUID]) -> Iterator[None]:
    """Take the ids of this context from a source that can be repeated: the simulated world."""
    token = _made_by.set(make)
    try:
        yield
    finally:
        _made_by.reset(token)


def new_id() -> UUID:
    """Make an id that sorts by the time it was made and never repeats (UUID version 7, RFC 9562).

    Impure on purpose: only the shell calls it, pure functions take ids as arguments.

    >>> new_id().version
    7
    """
    make = _made_by.get()
    return uuid7() if make is None else make()


def new_id_text() -> str:
    """Make the same kind of id as text, eight times as fast: for rows copied in by the hundred thousand.

    >>> UUID(new_id_text()).version
    7
    """
    return str(uuid_utils.uuid7())
