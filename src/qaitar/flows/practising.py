"""Effects of a practice shop: settled where they stand, before anything could look for a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qaitar.flows.effects.settlement import SETTLED_AT_ONCE, EffectUpdate, settle_all
from qaitar.foundation.models import EffectState, MerchantKey, PlannedEffect
from qaitar.foundation.ops.jobs import within_walls

if TYPE_CHECKING:
    from collections import Counter
    from datetime import datetime
    from uuid import UUID

PRACTICE: Final = "Practice: it would have been done by now; nothing was sent anywhere."


def practice_settle(merchant_id: UUID, now: datetime, states: Counter[str]) -> bool:
    """Call a practice shop's due effects done without speaking to anybody; False for any other merchant.

    Whatever connection somebody may have saved there is never asked for.
    """
    if not MerchantKey.objects.filter(pk=merchant_id, practice_of__isnull=False).exists():
        return False
    verdict = EffectUpdate(EffectState.DONE, PRACTICE)
    while True:
        with within_walls(merchant_id):
            due = PlannedEffect.objects.select_for_update(skip_locked=True).filter(
                merchant_id=merchant_id, state=EffectState.PLANNED, next_at__lte=now
            )
            rows = list(due.order_by("pk")[:SETTLED_AT_ONCE])
            settled = settle_all([(effect, verdict) for effect in rows], now)
        states.update(EffectState(effect.state).value for effect in settled)
        if len(rows) < SETTLED_AT_ONCE:
            return True
