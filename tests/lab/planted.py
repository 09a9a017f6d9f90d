"""Ten bugs such as programs like this one have had, planted one at a time: the simulator has to find and name each.

Each is a change of the program as small as the mistake it stands for.  `names` is how the run that finds it begins
to tell of it, after the moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from qaitar.contracts.outcome import Unknown
from qaitar.flows.effects import engine
from qaitar.flows.effects.settlement import EffectUpdate
from qaitar.foundation.journal import transition
from qaitar.foundation.journal.transition import Change, move
from qaitar.foundation.models import EffectState, PlannedEffect
from qaitar.lab.simulation.telling import SimulationRequest
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import case_load, cases_due
from qaitar.returns.services import evidence, guarding, mirroring, notes, perform_act
from qaitar.returns.services.case_change import held
from qaitar.returns.vocabulary import Act, Effect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    import pytest


@dataclass(frozen=True, slots=True)
class Planted:
    """One bug: what it is, how it gets in, in which world it is looked for, and what names it."""

    what: str
    plant: Callable[[pytest.MonkeyPatch], None]
    names: str
    wanted: SimulationRequest


def intent_after_the_call(patch: pytest.MonkeyPatch) -> None:
    """That an effect is being sent is written together with the answer, no longer before the call."""
    claims, settles = engine._claim, engine._settle

    def claim(effect: PlannedEffect, now: datetime) -> None:
        if effect.state == EffectState.UNKNOWN:
            claims(effect, now)
            return
        effect.state, effect.attempts = EffectState.SENDING, effect.attempts + 1

    def settle(accepted: Any, reported: Any, now: datetime, result: Any) -> None:
        PlannedEffect.objects.filter(pk=accepted.effect.pk, state=EffectState.PLANNED).update(
            state=EffectState.SENDING, attempts=accepted.effect.attempts, sending_at=now
        )
        settles(accepted, reported, now, result)

    patch.setattr(engine, "_claim", claim)
    patch.setattr(engine, "_settle", settle)


def unknown_counts_as_failed(patch: pytest.MonkeyPatch) -> None:
    """A call whose answer was lost is simply made again, without a look-up."""
    sent = engine._sent

    def retried(accepted: Any, reported: Any, now: datetime) -> EffectUpdate:
        if isinstance(reported.outcome, Unknown):
            soon = now + timedelta(seconds=30)
            return EffectUpdate(
                EffectState.PLANNED, reported.outcome.detail, next_at=soon, journalled=False
            )
        return sent(accepted, reported, now)

    patch.setattr(engine, "_sent", retried)


def date_closed_over(patch: pytest.MonkeyPatch) -> None:
    """Whoever moves a case on sets the new date over a missed one, and nobody writes that it was missed."""
    patch.setattr(perform_act, "missed_deadline", lambda case, now: None)
    patch.setattr(notes, "record_missed_deadlines", lambda cases, now: None)


def outage_forgotten(patch: pytest.MonkeyPatch) -> None:
    """The sweep asks for what came due since its last round, as if every round had taken place."""

    def lately(merchant_id: UUID, before: datetime, limit: int) -> list[Any]:
        since = before - timedelta(hours=1)
        found = cases_due(merchant_id, before, limit)
        return [case for case in found if case.request.guard_next_at >= since]

    patch.setattr(guarding, "cases_due", lately)


def stale_act_applied(patch: pytest.MonkeyPatch) -> None:
    """A case that moved on meanwhile is not judged anew: what was worked out of the old page is written over it."""

    def forced(model: Any, changes: Sequence[Change]) -> dict[UUID, bytes]:
        heads = move(model, changes)
        for change in changes:
            if change.held.id not in heads:
                fresh = case_load(change.held.id)
                assert fresh is not None, "cases are never removed"
                heads |= move(model, [replace(change, held=held(fresh.request))])
        return heads

    patch.setattr(perform_act, "move", forced)


def line_dropped(patch: pytest.MonkeyPatch) -> None:
    """A new proof changes its case by a plain UPDATE, past the journal."""

    def silently(model: Any, changes: Sequence[Change]) -> dict[UUID, bytes]:
        for change in changes:
            model.objects.filter(pk=change.held.id).update(**change.values)
            for row in change.rows:
                if row.model is not PlannedEffect:
                    row.model.objects.create(**row.values)
        return {change.held.id: change.held.journal_head for change in changes}

    patch.setattr(evidence, "move", silently)


def date_lost_on_reopening(patch: pytest.MonkeyPatch) -> None:
    """A case opened again keeps the date of its refusal instead of getting one of its own."""
    values_of = perform_act.acted_values

    def keeping(case: Any, answer: Any, *rest: Any) -> dict[str, Any]:
        values = values_of(case, answer, *rest)
        if answer.step.act is Act.NOTE_REOPENED:
            values |= {name: getattr(case.request, name) for name in notes.CONTROL}
        return values

    patch.setattr(perform_act, "acted_values", keeping)


def stale_page_accepted(patch: pytest.MonkeyPatch) -> None:
    """A page counts as seen when it is read, not when it was taken in the cabinet."""
    applies = mirroring.readings_apply
    from_now = lambda look, readings: applies(replace(look, seen_at=look.now), readings)  # noqa: E731  one word of difference
    patch.setattr("qaitar.flows.take_cabinet.readings_apply", from_now)


def effect_planned_twice(patch: pytest.MonkeyPatch) -> None:
    """A new proof opens a ticket of its own, beside the one the procedure's step has opened."""
    change_of = evidence.change_of

    def asking(
        request: ReturnRequest, values: Any, act: str, by: Any, now: datetime, **given: Any
    ) -> Change:
        given["effects"] = (*given["effects"], Effect.OPEN_TICKET)
        return change_of(request, values, act, by, now, **given)

    patch.setattr(evidence, "change_of", asking)


def chain_broken(patch: pytest.MonkeyPatch) -> None:
    """The hash is taken over the moment as the shop's clock shows it, the line is kept in UTC."""
    hashes, almaty = transition.chain_hash, ZoneInfo("Asia/Almaty")
    patch.setattr(
        transition,
        "chain_hash",
        lambda prev, subject, seq, line: hashes(
            prev, subject, seq, replace(line, at=line.at.astimezone(almaty))
        ),
    )


WORLD: Final = SimulationRequest(seed=11, days=8, orders=300, faults=0.3)
OFTEN_OFF: Final = SimulationRequest(seed=11, days=8, orders=300, faults=0.3, outages=0.02)
BUSY: Final = SimulationRequest(seed=3, days=10, orders=300, faults=0.05)
QUIET: Final = SimulationRequest(seed=11, days=3, orders=100)
PLANTED: Final = (
    Planted("intent stored after the call", intent_after_the_call, "was executed 2 times", WORLD),
    Planted("unknown sent again unseen", unknown_counts_as_failed, "was executed 2 times", WORLD),
    Planted("a date closed over", date_closed_over, "T1 no control date of the past", OFTEN_OFF),
    Planted("an outage forgotten", outage_forgotten, "T1 every open case has", OFTEN_OFF),
    Planted("a stale act applied", stale_act_applied, "S1 each journal line begins", BUSY),
    Planted("a line dropped", line_dropped, "S1 replaying the journal", QUIET),
    Planted(
        "the date lost on reopening", date_lost_on_reopening, "T1 a counted control date", OFTEN_OFF
    ),
    Planted("a stale page taken", stale_page_accepted, "the mirror of", WORLD),
    Planted("an effect planned twice", effect_planned_twice, "N1 an outside effect was", QUIET),
    Planted("a chain broken", chain_broken, "S4 every line's hash is", QUIET),
)
QUICK: Final = tuple(bug for bug in PLANTED if bug.wanted == QUIET)
