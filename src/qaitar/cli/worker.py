"""`qaitar worker`: runs jobs until told to stop; any number of them on any number of machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from procrastinate.contrib.django import app

from qaitar.runtime import memory

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder

# Looking twice a second costs less than waking for each of a hundred announcements a second, and jobs put off for a
# moment are not announced when their moment comes.
POLL_SECONDS: Final = 0.5


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--once", action="store_true", help="run what waits now, then end")


def run(options: argparse.Namespace, folder: DataFolder) -> int:  # noqa: ARG001  a subcommand's signature
    """Run jobs."""
    memory.settle()
    worker = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]  # Django's connector has it
    with worker.replace_connector(worker.connector):
        worker.run_worker(
            concurrency=options.concurrency,
            wait=not options.once,
            fetch_job_polling_interval=POLL_SECONDS,
            listen_notify=False,
        )
    return 0
