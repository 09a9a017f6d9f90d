"""Reads the whole journal behind the walls, one merchant after the other, as streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connection, transaction

from qaitar.foundation.journal.head_model import JournalHead
from qaitar.foundation.models import JournalEntry, MerchantKey
from qaitar.foundation.tenancy.walls import see

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qaitar.foundation.journal.check import Checking, JournalCheck

FETCHED: Final = 5_000


def journal_faults(checking: Checking) -> Iterator[JournalCheck]:
    """Verify every merchant's chains, each merchant in one snapshot, so that lines written meanwhile disturb nothing."""
    for merchant_id in MerchantKey.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            snapshot()
            see([merchant_id])
            entries = JournalEntry.objects.order_by("subject_id", "seq").iterator(FETCHED)
            heads = JournalHead.objects.order_by("subject_id").iterator(FETCHED)
            yield from checking.faults(entries, heads)


def snapshot() -> None:
    """Let every statement of the transaction that has just begun see the same moment, however long it takes.

    Inside a transaction that has read already (a test's) nothing can be changed and nothing is.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        if not connection.savepoint_ids:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
