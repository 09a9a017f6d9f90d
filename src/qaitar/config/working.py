"""The job worker: takes jobs from the database until told to stop.

Deadlines and chores have a slot of their own each, so that nothing an outside system does keeps them waiting.  Of the
other slots one merchant's outside calls take a third at most (`foundation/ops/jobs.py` `outside_job`).
"""

from __future__ import annotations

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from procrastinate.contrib.django import app

from qaitar.foundation.ops.merchant_slots import SLOTS

if TYPE_CHECKING:
    from procrastinate import App

# Looking twice a second costs less than waking for each of a hundred announcements a second, and jobs put off for a
# moment are not announced when their moment comes.
POLL_SECONDS: Final = 0.5
CONCURRENCY: Final = 6
DEADLINES: Final = "deadlines"
CHORES: Final = "chores"
SHARED_QUEUES: Final = ("default", "effects", "polls", "webhooks", "checks", "bench")
_OWN_THREADS: Final = 4  # of the event loop itself, beside one for each job


def work(concurrency: int = CONCURRENCY, *, wait: bool = True) -> None:
    """Run jobs, so many of the shared queues at a time; without `wait` only those that are there."""
    SLOTS.limit = max(1, concurrency // 3)
    worker = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]  # Django's connector has it
    with worker.replace_connector(worker.connector):
        if wait:
            asyncio.run(_work_until_stopped(worker, concurrency))
        else:
            worker.run_worker(concurrency=concurrency, wait=False, listen_notify=False)


async def _work_until_stopped(worker: App, concurrency: int) -> None:
    """Run one worker for each group of queues in this process; SIGINT and SIGTERM let jobs under way end."""
    groups: tuple[tuple[list[str], int], ...] = (
        ([DEADLINES], 1),
        ([CHORES], 1),
        (list(SHARED_QUEUES), concurrency),
    )
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(sum(n for _, n in groups) + _OWN_THREADS))
    async with worker.open_async():
        tasks = [asyncio.create_task(_run_group(worker, *group)) for group in groups]

        def stop() -> None:
            for task in tasks:
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        stop()
        ended: list[Any] = await asyncio.gather(*tasks, return_exceptions=True)
    for each in ended:
        if isinstance(each, Exception):
            raise each


async def _run_group(worker: App, queues: list[str], concurrency: int) -> None:
    await worker.run_worker_async(
        queues=queues,
        concurrency=concurrency,
        fetch_job_polling_interval=POLL_SECONDS,
        listen_notify=False,
        install_signal_handlers=False,
    )
