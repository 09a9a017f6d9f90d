"""Jobs of the figures: names and queues only; the work is in `services`."""

from __future__ import annotations

from procrastinate.contrib.django import app

from qaitar.analytics.services import counting
from qaitar.foundation.clock import utc_now
from qaitar.foundation.jobs import fresh_connection


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
