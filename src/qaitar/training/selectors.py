"""Reads of practices: the one a person is in, and the results kept at merchants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qaitar.foundation.models import MerchantKey
from qaitar.training.models import Practice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

RESULTS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class PracticePlace:
    """Where a person practises: the shop, and the merchant that keeps the result."""

    shop_id: UUID
    home: UUID


def place_of(user_id: int) -> PracticePlace | None:
    """Tell where a person's practice that is not ended stands; keys only, no walls needed."""
    keys = MerchantKey.objects.filter(active=True, practice_of=user_id)
    found = keys.values_list("pk", "practice_home").first()
    return PracticePlace(found[0], found[1]) if found and found[1] else None


def practices_latest(merchants: Sequence[UUID], *, user_id: int | None = None) -> list[Practice]:
    """List the latest practices at these merchants, of one person where named."""
    rows = Practice.objects.filter(merchant_id__in=merchants)
    if user_id is not None:
        rows = rows.filter(user_id=user_id)
    return list(rows.order_by("-requested_at", "-pk")[:RESULTS_MAX])
