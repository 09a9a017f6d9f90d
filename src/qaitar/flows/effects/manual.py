"""What people do about effects the machine cannot bring about: say it is done by hand, or let it be tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qaitar.flows.effects.engine import UNLOCKS
from qaitar.flows.effects.settlement import EffectUpdate, settle
from qaitar.foundation.models import EffectState, PlannedEffect
from qaitar.foundation.ops.jobs import job_defer
from qaitar.foundation.ops.waiting import release_waiting
from qaitar.kernel.roles import WORKERS
from qaitar.returns.errors import ActBlocked, CaseChanged
from qaitar.returns.rules.procedure import Blocked
from qaitar.returns.services.case_change import RUN_TASK

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor

NOTE_CHARS_MAX: Final = 1_000
BY_HAND_FROM: Final = frozenset(
    {
        EffectState.NOT_CONNECTED,
        EffectState.REFUSED,
        EffectState.UNKNOWN,
        EffectState.MISCONFIGURED,
    }
)


class EffectMissing(Exception):
    """These walls hold no such effect."""


def _held(effect_id: UUID, by: Actor) -> PlannedEffect:
    effect = PlannedEffect.objects.select_for_update().filter(pk=effect_id).first()
    if effect is None:
        raise EffectMissing(str(effect_id))
    if by.role not in WORKERS:
        raise ActBlocked(Blocked("ROLE_NOT_ALLOWED", {"role": by.role.value}))
    if effect.state not in BY_HAND_FROM:
        raise ActBlocked(Blocked("EFFECT_NOT_STUCK", {"state": str(effect.state)}))
    return effect


def effect_done_by_hand(
    *, effect_id: UUID, by: Actor, now: datetime, note: str = "", reference: str = ""
) -> PlannedEffect:
    """Note that a person did it; with its number (`reference`) what waits for it goes on by machine.

    Runs in the caller's transaction, behind the merchant's walls.

    Raises:
        EffectMissing: these walls hold no such effect.
        ActBlocked: the role may not, or the effect is not one of those left to people.
        CaseChanged: a worker settled it in between.
    """
    effect = _held(effect_id, by)
    verdict = EffectUpdate(
        EffectState.BY_HAND, note.strip()[:NOTE_CHARS_MAX], reference.strip()[:200]
    )
    if not settle(effect, verdict, now, by=by):
        raise CaseChanged
    if effect.kind in UNLOCKS and release_waiting(
        UNLOCKS[effect.kind], now, subject_id=effect.subject_id
    ):
        job_defer(RUN_TASK, queue="effects", merchant_id=str(effect.merchant_id))
    return effect


def effect_retry(*, effect_id: UUID, by: Actor, now: datetime) -> PlannedEffect:
    """Let the machine try again: what surely did not happen is sent again, what may have happened is looked up now.

    Runs in the caller's transaction; errors as `effect_done_by_hand`.
    """
    effect = _held(effect_id, by)
    unknown = effect.state == EffectState.UNKNOWN
    files = {
        sha256: record
        for sha256, record in effect.payload.get("files", {}).items()
        if record["state"] == "DONE"
    }
    verdict = EffectUpdate(
        EffectState.UNKNOWN if unknown else EffectState.PLANNED,
        "A person asked to try again.",
        payload={"files": files} if "files" in effect.payload else {},
    )
    if not settle(effect, verdict, now, by=by):
        raise CaseChanged
    job_defer(RUN_TASK, queue="effects", merchant_id=str(effect.merchant_id))
    return effect
