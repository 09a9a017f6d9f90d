"""The job worker: takes jobs from the database until told to stop."""

from __future__ import annotations

from typing import Final

from procrastinate.contrib.django import app

# Looking twice a second costs less than waking for each of a hundred announcements a second, and jobs put off for a
# moment are not announced when their moment comes.
POLL_SECONDS: Final = 0.5
CONCURRENCY: Final = 4


def work(concurrency: int = CONCURRENCY, *, wait: bool = True) -> None:
    """Run jobs, so many at a time; without `wait` only those that are there."""
    worker = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]  # Django's connector has it
    with worker.replace_connector(worker.connector):
        worker.run_worker(
            concurrency=concurrency,
            wait=wait,
            fetch_job_polling_interval=POLL_SECONDS,
            listen_notify=False,
        )
