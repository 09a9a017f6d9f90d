"""Effects that wait for something are looked at the moment it is there, by whoever brings it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.foundation.models import EffectState, PlannedEffect

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


def release_waiting(effects_on: str, now: datetime, *, subject_id: UUID) -> int:
    """Let the effects of one case that wait on something (`Waiting.on`) be looked at now; tells how many there are."""
    waiting = PlannedEffect.objects.filter(
        subject_id=subject_id,
        state=EffectState.PLANNED,
        next_at__gt=now,
        payload__waits=effects_on,
    )
    return waiting.update(next_at=now)
