"""The one store of a practice shop, with every category of its goods looked at already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.kernel.ids import new_id
from qaitar.orders.models import GoodsGroupMapping, Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID


def practice_store_create(
    *,
    merchant_id: UUID,
    name: str,
    clocks: Mapping[str, int],
    groups: Mapping[str, str],
    now: datetime,
) -> None:
    """Make the store with its own clocks, and note each category's goods group as reviewed."""
    Store.objects.create(
        id=new_id(), merchant_id=merchant_id, name=name[:120], clocks=dict(clocks), created_at=now
    )
    for title, group in groups.items():
        GoodsGroupMapping.objects.create(
            id=new_id(),
            merchant_id=merchant_id,
            category_title=title,
            group=group,
            suggested=group,
            reviewed_by_name="Qaitar",
            reviewed_at=now,
        )


def practice_store(merchant_id: UUID) -> UUID:
    """Name the store of a practice shop."""
    return Store.objects.get(merchant_id=merchant_id).pk
