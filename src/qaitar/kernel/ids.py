"""Makes new identifiers.  The one place of this room that is not pure: it reads the clock and random bytes."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Make an id that sorts by the time it was made and never repeats (UUID version 7, RFC 9562).

    Impure on purpose: only the shell calls it, pure functions take ids as arguments.

    >>> new_id().version
    7
    """
    return uuid7()
