"""Which legal group a channel's category belongs to, as a person decided it; the program only suggests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connection

from qaitar.foundation.identity.actors import require_role
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.settings_journal import setting_note
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import MANAGERS
from qaitar.orders.models import GoodsGroupMapping

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor

LINES_LOOKED_AT: Final = (
    5_000  # the newest order lines; an older category comes back with its next sale
)
CATEGORIES_MAX: Final = 500
JOURNAL_KIND: Final = "goods_group"

_RECENT: Final = """
SELECT DISTINCT l.category_title FROM (
  SELECT category_title FROM orders_orderline WHERE merchant_id = %s ORDER BY id DESC LIMIT %s) l
WHERE l.category_title <> '' ORDER BY 1 LIMIT %s
"""


def categories_recent(merchant_id: UUID) -> list[str]:
    """List the categories of the newest order lines of a merchant."""
    with connection.cursor() as cursor:
        cursor.execute(_RECENT, [merchant_id, LINES_LOOKED_AT, CATEGORIES_MAX])
        return [row[0] for row in cursor.fetchall()]


def mappings_of(merchants: Sequence[UUID]) -> list[GoodsGroupMapping]:
    """List what was decided or suggested so far, by category."""
    rows = GoodsGroupMapping.objects.filter(merchant_id__in=merchants)
    return list(rows.order_by("category_title", "id")[:CATEGORIES_MAX])


def mapping_review(
    *, merchant_id: UUID, decided: tuple[str, str], suggested: str, by: Actor, now: datetime
) -> GoodsGroupMapping:
    """Keep a person's decision: `decided` is the category's title and the group ('' for returnable).

    Deciding the same again writes nothing.  Runs in the caller's transaction.

    Raises:
        RoleNotAllowed: the role may not; nothing was written.
    """
    require_role(by, MANAGERS)
    title, group = decided
    row = (
        GoodsGroupMapping.objects.select_for_update()
        .filter(merchant_id=merchant_id, category_title=title)
        .first()
    )
    if row is not None and row.reviewed_at is not None and row.group == group:
        return row
    before = {"group": row.group, "reviewed": row.reviewed_at is not None} if row else {}
    row = row or GoodsGroupMapping(id=new_id(), merchant_id=merchant_id, category_title=title)
    row.group, row.suggested = group, suggested
    row.reviewed_by_name, row.reviewed_at = by.name[:200], now
    row.save()
    after = {"category": title, "group": group, "reviewed": True}
    line = JournalLine(act="GOODS_GROUP_REVIEW", at=now, by=by, before=before, after=after)
    setting_note(merchant_id=merchant_id, subject_id=row.pk, kind=JOURNAL_KIND, line=line)
    return row
