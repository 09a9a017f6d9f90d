"""Jobs of the returns' own settings: names and queues only; the work is in `services`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from procrastinate.contrib.django import app

from qaitar.foundation.jobs import merchant_job
from qaitar.returns.services import exporting, recounting

if TYPE_CHECKING:
    from datetime import datetime


@app.task(queue="deadlines", name=recounting.RECOUNT_TASK, retry=3)
@merchant_job
def control_dates_recount(merchant_id: UUID, now: datetime) -> None:
    """Count the control dates of one merchant's open cases anew."""
    recounting.control_dates_recount(merchant_id, now)


@app.task(queue="chores", name=exporting.EXPORT_TASK)
@merchant_job
def register_export(merchant_id: UUID, now: datetime, *, export_id: str) -> None:
    """Make one register into a file."""
    exporting.register_export(merchant_id, now, export_id=UUID(export_id))
