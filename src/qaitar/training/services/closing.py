"""Switching a practice shop off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.foundation.models import Membership, MerchantKey

if TYPE_CHECKING:
    from uuid import UUID


def shop_close(shop_id: UUID) -> None:
    """Let the person out of a practice shop for good; its journal stays, and no wall opens on it any more."""
    MerchantKey.objects.filter(pk=shop_id, practice_of__isnull=False).update(active=False)
    Membership.objects.filter(merchant_id=shop_id).delete()
