"""Merchant walls: which merchants the present transaction may see.

Every business table has `merchant_id` and a row-level security policy that reads the transaction setting
`qaitar.merchants`; nothing set means nothing seen.  The program's role cannot bypass it (ADR 0004).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connection, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

SETTING = "qaitar.merchants"

# NULLIF: once a transaction has set it, the setting reads as '' afterwards, which must also mean "nobody".
SEEN_SQL = f"(SELECT NULLIF(current_setting('{SETTING}', true), '')::uuid[])::uuid[]"

SEE_EVERY_MERCHANT: Final = (
    "SELECT set_config('qaitar.merchants', (SELECT COALESCE(array_agg(id), '{}')::text"
    " FROM foundation_merchantkey), true)"
)
"""Lets the open transaction of the tables' owner, whom walls hold too, see every merchant's rows."""


def as_setting(merchants: Iterable[UUID]) -> str:
    """Write merchants as the array literal the policy reads."""
    return "{" + ",".join(sorted(str(each) for each in merchants)) + "}"


def see(merchants: Iterable[UUID]) -> None:
    """Let the present transaction see exactly these merchants' rows, until it ends."""
    assert transaction.get_connection().in_atomic_block, (
        "walls hold for a transaction: open one first"
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, as_setting(merchants)])
