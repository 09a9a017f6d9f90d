"""Changes of settings in the journal: who changed a store, a rule, a role or a connection, and how it stood before.

Each thing has its own chain, like a case.  Secrets and passwords never go in; only that they were changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from qaitar.foundation.journal.lines import GENESIS
from qaitar.foundation.journal.transition import Held, note
from qaitar.foundation.models import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from qaitar.foundation.journal.lines import JournalLine


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keep only what differs, on both sides.

    >>> differences({"name": "A", "zone": "x"}, {"name": "B", "zone": "x"})
    ({'name': 'A'}, {'name': 'B'})
    """
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def setting_note(*, merchant_id: UUID, subject_id: UUID, kind: str, line: JournalLine) -> None:
    """Write one line about a setting, in the caller's transaction, behind the merchant's walls.

    Two writers about the same thing wait for one another, so that its chain stays whole.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [f"journal {subject_id}"]
        )
    last = (
        JournalEntry.objects.filter(subject_id=subject_id)
        .order_by("-seq")
        .values_list("seq", "hash")
        .first()
    )
    seq, head = last or (0, GENESIS)
    note(kind, Held(subject_id, merchant_id, 0, seq, bytes(head)), line)
