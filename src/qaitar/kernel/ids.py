"""Makes new identifiers.  The one place of this room that is not pure: it reads the clock and random bytes."""

from __future__ import annotations

from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Make an id that sorts by the time it was made and never repeats (UUID version 7, RFC 9562).

    Impure on purpose: only the shell calls it, pure functions take ids as arguments.

    >>> new_id().version
    7
    """
    return uuid7()


def new_id_text() -> str:
    """Make the same kind of id as text, eight times as fast: for rows copied in by the hundred thousand.

    >>> UUID(new_id_text()).version
    7
    """
    return str(uuid_utils.uuid7())
