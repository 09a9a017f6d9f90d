"""Jobs of the practice: names and queues only; the work is in `services`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from procrastinate.contrib.django import app

from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.ops.jobs import fresh_connection, merchant_job
from qaitar.training.services import advance, opening

if TYPE_CHECKING:
    from datetime import datetime


@app.task(queue="default", name=opening.PREPARE_TASK, retry=3)
@merchant_job
def practice_prepare(merchant_id: UUID, now: datetime, *, practice_id: str) -> None:
    """Fill one practice shop."""
    opening.practice_prepare(merchant_id, now, practice_id=UUID(practice_id))


@app.periodic(cron="* * * * *")
@app.task(queue="chores", name="qaitar.training.tasks.practices_go", queueing_lock="practices")
def practices_go(timestamp: int) -> None:  # noqa: ARG001  the minute it was planned for; practices go by the clock
    """Go on with every open practice."""
    with fresh_connection():
        advance.practices_go(utc_now())
