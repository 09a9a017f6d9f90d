"""Control dates of open cases counted anew after a calendar, a week or the length of a term was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qaitar.foundation.identity.actors import system_actor
from qaitar.foundation.journal.transition import move
from qaitar.foundation.ops.jobs import job_defer, within_walls
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import cases_load
from qaitar.returns.rules.case_evaluation import control_values
from qaitar.returns.services.case_change import change_of
from qaitar.returns.services.missed_deadlines import record_missed_deadlines
from qaitar.returns.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.returns.reads.cases import Case

RECOUNT_TASK: Final = "qaitar.returns.tasks.control_dates_recount"
BATCH: Final = 500
_DATE: Final = ("control_at", "control_rule", "control_source")


def recount_call_up(merchant_id: UUID) -> None:
    """Leave the counting to a job, in the caller's transaction; at most one of these waits a merchant."""
    job_defer(
        RECOUNT_TASK,
        queue="deadlines",
        only_one=f"recount {merchant_id}",
        merchant_id=str(merchant_id),
    )


def store_name_follow(store_id: UUID, name: str) -> int:
    """Show the open requests of a renamed store under its new name; closed ones keep the name they had."""
    still_open = ReturnRequest.objects.filter(store_id=store_id).exclude(stage=Stage.CLOSED)
    return still_open.exclude(store_name=name).update(store_name=name)


def control_dates_recount(merchant_id: UUID, now: datetime) -> int:
    """Go through a merchant's open cases in short transactions and count their dates anew; returns how many moved.

    Every moved date is a journal line.  A case somebody acts on meanwhile is left to that act, which counts too.
    """
    moved, last = 0, None
    while True:
        with within_walls(merchant_id):
            ids = _next_open(merchant_id, last)
            moved += _recount(ids, now)
        if len(ids) < BATCH:
            return moved
        last = ids[-1]


def _next_open(merchant_id: UUID, last: UUID | None) -> list[UUID]:
    rows = ReturnRequest.objects.filter(merchant_id=merchant_id).exclude(stage=Stage.CLOSED)
    if last is not None:
        rows = rows.filter(pk__gt=last)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])


def _recount(ids: Sequence[UUID], now: datetime) -> int:
    moving = [case for case in cases_load(ids) if _moved(case, now)]
    record_missed_deadlines(
        moving, now
    )  # a date nobody looked at in time is spoken of before another stands in its place
    by = system_actor("job")
    changes = [
        change_of(case.request, _counted(case, now), "CONTROL_RECOUNT", by, now) for case in moving
    ]
    return len(move(ReturnRequest, changes))


def _counted(case: Case, now: datetime) -> dict[str, Any]:
    return control_values(case.request, (case.store_text, case.days_text), now)


def _moved(case: Case, now: datetime) -> bool:
    values = _counted(case, now)
    return any(values[name] != getattr(case.request, name) for name in _DATE)
