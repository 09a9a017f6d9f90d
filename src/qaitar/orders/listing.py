"""Lists of stores and orders, walked by key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from qaitar.orders.models import Order, Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersWanted:
    """Which orders; `after` is the moment and id of the last one already seen."""

    store_id: UUID | None = None
    code: str = ""
    ordered_before: datetime | None = None
    after: tuple[datetime, UUID] | None = None


def stores_of(merchants: Sequence[UUID]) -> list[Store]:
    """List the stores of these merchants by name."""
    return list(Store.objects.filter(merchant_id__in=merchants).order_by("name", "pk"))


def store_find(store_id: UUID) -> Store | None:
    """Find one store; None if these walls hold no such store."""
    return Store.objects.filter(pk=store_id).first()


def orders_walk(merchants: Sequence[UUID], wanted: OrdersWanted, limit: int) -> list[Order]:
    """List orders, the newest first; one whose moment of order nobody has told is found by its code only."""
    rows = Order.objects.filter(merchant_id__in=merchants)
    rows = rows.filter(code=wanted.code) if wanted.code else rows.exclude(ordered_at=None)
    if wanted.store_id:
        rows = rows.filter(store_id=wanted.store_id)
    if wanted.ordered_before:
        rows = rows.filter(ordered_at__lt=wanted.ordered_before)
    if wanted.after:
        at, last = wanted.after
        rows = rows.filter(ordered_at__lte=at).filter(Q(ordered_at__lt=at) | Q(pk__lt=last))
    return list(rows.order_by("-ordered_at", "-pk")[:limit])
