"""One change of a case as it is written: its new columns, journal line, effects, counters and the job that runs its effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.transition import Change, Held, Job, Row
from qaitar.foundation.models import PlannedEffect
from qaitar.kernel.ids import new_id
from qaitar.returns.models import ReturnRequest, StageDelta
from qaitar.returns.rules.procedure import Advanced
from qaitar.returns.vocabulary import Effect

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from qaitar.foundation.identity.actors import Actor

RUN_TASK: Final = "qaitar.flows.tasks.effects_run"
RUN_AFTER_S: Final = 1.0  # what else happens in this second goes along in the same run
PRESSES: Final = frozenset({Effect.PRESS_TAKE, Effect.PRESS_REFUSE, Effect.PRESS_GRANT})

# Columns an act may change; every act writes all of them, so that any number of acts is one statement.
WRITTEN: Final = (
    "stage",
    "outcome",
    "stage_since",
    "refusal_reason",
    "customer_contacted",
    "customer_answered",
    "sent_to_service_centre",
    "goods_handed_over",
    "goods_checked",
    "dispute_evidence_sent",
    "reopening_requested_at",
    "approval",
    "approval_requested_by_id",
    "pending_press",
    "pending_since",
    "pending_text",
    "planned_arrival_on",
    "arrived_at",
    "arrived_where",
    "refused_at",
    "disputed_at",
    "closed_at",
    "counts_as_quality",
    "control_at",
    "control_rule",
    "control_source",
    "guard_next_at",
    "alerts_sent",
    "alert_level",
)
# What the journal tells of a change; guard bookkeeping would drown it.
JOURNALLED: Final = tuple(
    c for c in WRITTEN if c not in {"guard_next_at", "alerts_sent", "stage_since"}
)


def held(request: ReturnRequest) -> Held:
    """Hold a case to what was read of it."""
    return Held(
        request.pk,
        request.merchant_id,
        request.version,
        request.journal_seq,
        bytes(request.journal_head),
    )


def _journal_value(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def difference(
    request: ReturnRequest, values: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Say what of a case changes: before and after, only what differs, fit for the journal."""
    names = [
        n for n in values if n in _JOURNALLED_OR_INSPECTED and getattr(request, n) != values[n]
    ]
    return (
        {n: _journal_value(getattr(request, n)) for n in names},
        {n: _journal_value(values[n]) for n in names},
    )


_JOURNALLED_OR_INSPECTED: Final = frozenset(JOURNALLED) | {
    "quality",
    "inspection",
    "received_on",
    "line_id",
    "product_sku",
    "marketplace_due_at",
    "section",
    "status_text",
    "assignee_name",
    "customer_phone",
    "customer_name",
    "product_name",
    "amount_minor",
    "quantity_milli",
    "withdraw_minor",
    "reason_code",
    "reason_text",
    "section_raw",
    "external_id",
    "category_title",
    "unit_value",
}


def change_of(  # noqa: PLR0913  a change is all of these
    request: ReturnRequest,
    values: Mapping[str, Any],
    act: str,
    by: Actor,
    now: datetime,
    *,
    why: str = "",
    why_quotes: bool = False,
    effects: Advanced | tuple[Effect, ...] = (),
    step: str = "",
) -> Change:
    """Build the change of one case: new values, journal line, planned effects, stage counters and the job that runs them.

    `why_quotes` as in `JournalLine`.
    """
    before, after = difference(request, values)
    line = JournalLine(
        act=act, at=now, by=by, before=before, after=after, why=why, why_quotes=why_quotes
    )
    wanted = effects.effects if isinstance(effects, Advanced) else effects
    number = effects.step.number if isinstance(effects, Advanced) else step
    outside = [effect for effect in wanted if effect not in PRESSES]
    rows = [_effect_row(request, effect, number, now) for effect in outside]
    if values.get("stage", request.stage) != request.stage:
        rows += [_delta(request, request.stage, -1), _delta(request, values["stage"], 1)]
    jobs = (_run_job(request.merchant_id),) if outside else ()
    return Change(held(request), values, line, tuple(rows), jobs)


def _run_job(merchant_id: UUID) -> Job:
    return Job(RUN_TASK, {"merchant_id": str(merchant_id)}, "effects", after_s=RUN_AFTER_S)


def _effect_row(request: ReturnRequest, effect: Effect, step: str, now: datetime) -> Row:
    return Row(
        PlannedEffect,
        {
            "id": new_id(),
            "merchant_id": request.merchant_id,
            "subject_id": request.pk,
            "kind": effect.value,
            "step": step,
            "ordinal": request.journal_seq + 1,
            "state": "PLANNED",
            "payload": {},
            "reference": "",
            "address": "",
            "detail": "",
            "attempts": 0,
            "created_at": now,
            "next_at": now,
        },
    )


def _delta(request: ReturnRequest, stage: str, delta: int) -> Row:
    return Row(
        StageDelta,
        {
            "id": new_id(),
            "merchant_id": request.merchant_id,
            "store_id": request.store_id,
            "stage": stage,
            "delta": delta,
        },
    )


def written(request: ReturnRequest, change: Change, heads: Mapping[UUID, bytes]) -> ReturnRequest:
    """Bring a read case up to date with a change that happened, so that the next act can follow it."""
    for name, value in change.values.items():
        setattr(request, name, value)
    request.version += 1
    request.journal_seq += 1
    request.journal_head = heads[request.pk]
    return request
