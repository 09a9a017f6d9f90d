"""Jobs of the figures: names and queues only; the work is in `services`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from procrastinate.contrib.django import app

from qaitar.analytics.services import counting, exporting
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.ops.jobs import fresh_connection, merchant_job

if TYPE_CHECKING:
    from datetime import datetime


@app.periodic(cron="* * * * *")
@app.task(queue="chores", name="qaitar.analytics.tasks.figures_count", queueing_lock="figures")
def figures_count(timestamp: int) -> None:  # noqa: ARG001  the minute it was planned for; figures go by the clock
    """Bring every merchant's figures up to date."""
    with fresh_connection():
        counting.figures_count_all(utc_now())


@app.periodic(cron="23 2 * * 0")
@app.task(
    queue="chores", name="qaitar.analytics.tasks.figures_rebuild", queueing_lock="figures anew"
)
def figures_rebuild(timestamp: int) -> None:  # noqa: ARG001  as above
    """Have every figure counted anew once a week, so that nothing missed stays missed."""
    with fresh_connection():
        counting.figures_rebuild_all()


@app.task(queue="default", name=exporting.EXPORT_TASK, retry=3)
@merchant_job
def list_export(merchant_id: UUID, now: datetime, *, export_id: str) -> None:
    """Make one list into a file."""
    exporting.list_export(merchant_id, now, export_id=UUID(export_id))


@app.periodic(cron="47 3 * * *")
@app.task(queue="chores", name="qaitar.analytics.tasks.exports_forget", queueing_lock="exports")
def exports_forget(timestamp: int) -> None:  # noqa: ARG001  as above
    """Remove exports whose links have run out."""
    with fresh_connection():
        exporting.exports_forget_all(utc_now())
