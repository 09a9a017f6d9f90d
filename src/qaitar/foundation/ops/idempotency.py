"""Answers of calls that must not run twice, kept under the caller's own key.

`access.enter_as_token` takes hold of a key and finds what is stored under it; here an answer is stored in the
transaction that made it true.  A chore of the flows forgets it after a week.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qaitar.foundation.ops.prepared_statements import prepared_cursor

if TYPE_CHECKING:
    from datetime import datetime

_REMEMBER: Final = """
INSERT INTO foundation_idempotencyrecord (user_id, key, fingerprint, status, body, created_at)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (user_id, key) DO NOTHING
"""


def answer_remember(
    *, user_id: int, key: str, fingerprint: bytes, status: int, body: bytes, now: datetime
) -> bool:
    """Store an answer in the present transaction; False when somebody stored one under this key meanwhile.

    On False the caller has to roll back: the other call's answer is the one that counts.
    """
    with prepared_cursor() as cursor:
        cursor.execute(_REMEMBER, [user_id, key, fingerprint, status, body, now])
        return bool(cursor.rowcount == 1)
