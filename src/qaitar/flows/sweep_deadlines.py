"""The deadline guard's round: every merchant, every due case, until nothing is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qaitar.foundation.ops.jobs import for_each_merchant, within_walls
from qaitar.returns.services.guarding import SWEEP_MAX, Swept, guard_sweep

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

ROUNDS_MAX: Final = 1_000


def deadlines_sweep(now: datetime) -> int:
    """Look at every merchant's due cases; a failing merchant stops nobody else.  Returns how many merchants failed."""
    return for_each_merchant("deadlines", lambda merchant_id: merchant_sweep(merchant_id, now))


def merchant_sweep(merchant_id: UUID, now: datetime) -> Swept:
    """Look at one merchant's due cases, a short transaction a thousand, until none is due."""
    total = Swept()
    for _ in range(ROUNDS_MAX):
        with within_walls(merchant_id):
            swept = guard_sweep(merchant_id=merchant_id, now=now, limit=SWEEP_MAX)
        for name in ("looked", "reminded", "escalated", "acted", "missed", "closed"):
            setattr(total, name, getattr(total, name) + getattr(swept, name))
        if swept.looked < SWEEP_MAX:
            break
    return total
