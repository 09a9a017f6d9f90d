"""Runs the jobs that wait, then ends, in a process of its own: `python -m tests.flows.work_once`."""

from __future__ import annotations

import django

django.setup()

from procrastinate.contrib.django import app  # noqa: E402  needs a set-up Django


def main() -> None:
    """Work as `qaitar worker --once` does."""
    connector = app.connector.get_worker_connector()
    worker = app.with_connector(connector)
    with worker.replace_connector(connector):
        worker.run_worker(concurrency=2, wait=False)


if __name__ == "__main__":
    main()
