"""One refusal met by several cases is about a setting, not about the cases: they wait for it to be mended.

A system that refuses one case has something against this case, and a person decides.  When it refuses several with
the very same words (a closed period, a field nobody filled, a missing right), leaving each to a person would make
thousands of cases final because of one setting.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from qaitar.flows.effects.settlement import SETTLED_AT_ONCE
from qaitar.foundation.models import EffectState, PlannedEffect

if TYPE_CHECKING:
    from uuid import UUID

    from qaitar.flows.effects.settlement import EffectUpdate

ALIKE: Final = 3
"""How many cases have to be refused with the same words."""


def refused_alike(
    effect: PlannedEffect, verdict: EffectUpdate, connection_id: UUID
) -> list[tuple[PlannedEffect, EffectUpdate]]:
    """Return what to settle for an effect: its own verdict, or `MISCONFIGURED` for it and those refused alike before.

    Runs in the caller's transaction, behind the merchant's walls; the earlier effects are locked.
    """
    if verdict.state is not EffectState.REFUSED or not verdict.detail:
        return [(effect, verdict)]
    waits = replace(
        verdict,
        state=EffectState.MISCONFIGURED,
        payload={**verdict.payload, "connection": str(connection_id)},
    )
    same = PlannedEffect.objects.filter(
        merchant_id=effect.merchant_id, kind=effect.kind, detail=verdict.detail
    ).exclude(subject_id=effect.subject_id)
    waiting = same.filter(
        state=EffectState.MISCONFIGURED, payload__connection=str(connection_id)
    ).exists()
    refused = same.filter(state=EffectState.REFUSED).select_for_update(skip_locked=True)
    before = list(refused.order_by("pk")[:SETTLED_AT_ONCE])
    if not waiting and len({each.subject_id for each in before}) < ALIKE - 1:
        return [(effect, verdict)]
    earlier = replace(waits, payload={"connection": str(connection_id)}, reference="", address="")
    return [(effect, waits), *((each, earlier) for each in before)]
