"""Jobs of the returns' own settings: names and queues only; the work is in `services`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procrastinate.contrib.django import app

from qaitar.foundation.ops.jobs import merchant_job
from qaitar.returns.services import recalculate_deadlines

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@app.task(queue="deadlines", name=recalculate_deadlines.RECOUNT_TASK, retry=3)
@merchant_job
def control_dates_recount(merchant_id: UUID, now: datetime) -> None:
    """Count the control dates of one merchant's open cases anew."""
    recalculate_deadlines.control_dates_recount(merchant_id, now)
