"""The planted bug the matrix has to find: the outside is called first, and only then the intent is written down.

Applied to a forked process of a test, never to the program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qaitar.flows.effects import engine
from qaitar.foundation.models import EffectState

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.foundation.models import PlannedEffect


def reverse() -> None:
    """Reverse the order of intent and call in this very process."""
    claim, settle = engine._claim, engine._settle

    def claimed_in_mind(effect: PlannedEffect, now: datetime) -> None:
        if effect.state == EffectState.UNKNOWN:
            claim(effect, now)
            return
        effect.state, effect.attempts = EffectState.SENDING, effect.attempts + 1

    def claimed_and_settled(accepted: Any, reported: Any, now: datetime, result: Any) -> None:
        if accepted.sends:
            effect = accepted.effect
            effect.state, effect.attempts = EffectState.PLANNED, effect.attempts - 1
            claim(effect, now)
        settle(accepted, reported, now, result)

    engine._claim, engine._settle = claimed_in_mind, claimed_and_settled
