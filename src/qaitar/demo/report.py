"""Tells a played branch step by step, from the journal, the planned effects and what happened outside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from qaitar.foundation.journal.personal_values import lines_open
from qaitar.foundation.models import JournalEntry, PlannedEffect
from qaitar.foundation.ops.jobs import within_walls
from qaitar.returns.models import ReturnRequest
from qaitar.returns.rules.procedure import PROCEDURE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.demo.driver import Play

_NUMBERS: Final = {(step.at.value, step.act.value): step.number for step in PROCEDURE}
_FIXED: Final = {"CREATE": "0", "ADD_EVIDENCE": "6", "CONFIRM_EVIDENCE": "6", "NOTE": "1"}


@dataclass(frozen=True, slots=True)
class ReportedEffect:
    """One effect a step planned, and what became of it outside."""

    kind: str
    state: str
    reference: str


@dataclass(frozen=True, slots=True)
class ReportedStep:
    """One line of the story; `step` is the procedure's number, '' for what is not a step of it."""

    at: datetime
    step: str
    request: str
    who: str
    act: str
    stage: str = ""
    section: str = ""
    control_at: str = ""
    control_rule: str = ""
    control_source: str = ""
    why: str = ""
    effects: tuple[ReportedEffect, ...] = ()


@dataclass(slots=True)
class _Running:
    """A case as its journal has told it so far."""

    number: str
    values: dict[str, Any] = field(default_factory=dict)

    def value_of(self, name: str) -> str:
        return str(self.values.get(name) or "")


def steps_report(play: Play, numbers: Iterable[str]) -> list[ReportedStep]:
    """Tell everything that happened to these requests, in order of time."""
    wanted = list(numbers)
    with within_walls(play.merchant_id):
        cases = list(ReturnRequest.objects.filter(number__in=wanted).order_by("number"))
        ids = [case.pk for case in cases]
        lines = list(JournalEntry.objects.filter(subject_id__in=ids).order_by("subject_id", "seq"))
        lines_open(lines)
        planned = list(PlannedEffect.objects.filter(subject_id__in=ids).order_by("pk"))
    effects: dict[tuple[UUID, int], list[ReportedEffect]] = {}
    for one in planned:
        effect = ReportedEffect(one.kind, one.state, one.reference)
        effects.setdefault((one.subject_id, one.ordinal), []).append(effect)
    steps = [
        ReportedStep(at, "", number, who, what)
        for at, who, what, number in play.events
        if number in wanted
    ]
    for case in cases:
        mine = [line for line in lines if line.subject_id == case.pk]
        steps += _case_steps(case, mine, effects)
    return sorted(steps, key=lambda step: step.at)


def _case_steps(
    case: ReturnRequest,
    lines: Sequence[JournalEntry],
    effects: Mapping[tuple[UUID, int], Sequence[ReportedEffect]],
) -> list[ReportedStep]:
    running = _Running(case.number)
    steps = []
    for line in lines:
        before = running.value_of("stage")
        running.values |= line.after
        number = _NUMBERS.get((before, line.act)) or _FIXED.get(line.act, "")
        steps.append(_step(running, line, number, tuple(effects.get((case.pk, line.seq), ()))))
    return steps


def _step(
    running: _Running, line: JournalEntry, number: str, effects: tuple[ReportedEffect, ...]
) -> ReportedStep:
    return ReportedStep(
        at=line.at,
        step=number,
        request=running.number,
        who=f"{line.actor_name} ({line.actor_role.lower()})",
        act=line.act,
        stage=running.value_of("stage"),
        section=running.value_of("section"),
        control_at=running.value_of("control_at"),
        control_rule=running.value_of("control_rule"),
        control_source=running.value_of("control_source"),
        why=line.why,
        effects=effects,
    )
