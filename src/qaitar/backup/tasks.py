"""Jobs of the backups: names and times only; the work is in the files beside this one."""

from __future__ import annotations

from procrastinate.contrib.django import app

from qaitar.backup.scheduling import backup_start_when_due
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.ops.jobs import fresh_connection


@app.periodic(cron="*/5 * * * *")
@app.task(
    queue="chores", name="qaitar.backup.tasks.backup_when_due", queueing_lock="backup when due"
)
def backup_when_due(timestamp: int) -> None:  # noqa: ARG001  the minute it was planned for; the schedule goes by the clock
    """Begin the backup the schedule wants."""
    with fresh_connection():
        backup_start_when_due(utc_now())
