"""Jobs: names, queues and times only; the work is in the files beside this one.  The clock is read here and nowhere below."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from qaitar.flows import (
    housekeeping,
    import_later,
    poll_cabinet,
    poll_orders,
    recheck,
    sweep_deadlines,
    take_cabinet,
    webhooks_send,
)
from qaitar.flows.effects import engine
from qaitar.foundation.connections.systems import CHECK_TASK, ConnectionMissing, connection_test
from qaitar.foundation.files.store import FileStore
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.ops.jobs import fresh_connection, merchant_job, outside_job

if TYPE_CHECKING:
    from datetime import datetime

    from procrastinate.job_context import JobContext

RETENTION_HOURS: Final = 7 * 24
STALLED_AFTER_S: Final = 30.0  # without a heartbeat; workers beat every ten seconds


@app.task(queue="effects", name="qaitar.flows.tasks.effects_run")
@outside_job("qaitar.flows.tasks.effects_run", queue="effects")
def effects_run(merchant_id: UUID, now: datetime) -> None:
    """Make one merchant's due effects happen."""
    engine.effects_run(merchant_id, now)


@app.task(queue="effects", name="qaitar.flows.tasks.connection_mended", retry=3)
@merchant_job
def connection_mended(merchant_id: UUID, now: datetime, *, connection_id: str) -> None:
    """Let go on what waited for a connection."""
    housekeeping.connection_effects_resume(merchant_id, now, connection_id=UUID(connection_id))


@app.task(queue="polls", name=housekeeping.RECHECK_TASK)
@outside_job(housekeeping.RECHECK_TASK, queue="polls")
def connections_recheck(merchant_id: UUID, now: datetime) -> None:
    """Look whether one merchant's wrong settings are mended."""
    recheck.connections_recheck(merchant_id, now)


@app.periodic(cron="*/10 * * * *")
@app.task(queue="polls", name="qaitar.flows.tasks.rechecks_sweep", queueing_lock="rechecks sweep")
def rechecks_sweep(timestamp: int) -> None:  # noqa: ARG001  as below
    """Call up the rechecks of wrong settings."""
    with fresh_connection():
        housekeeping.rechecks_call_up()


@app.task(queue="checks", name=CHECK_TASK, retry=3)
@outside_job(CHECK_TASK, queue="checks")
def connection_check(merchant_id: UUID, now: datetime, *, connection_id: str) -> None:
    """Ask an outside system whether a connection works."""
    with suppress(ConnectionMissing):  # removed meanwhile
        connection_test(merchant_id=merchant_id, connection_id=UUID(connection_id), now=now)


@app.task(queue="default", name="qaitar.flows.tasks.cabinet_read", retry=3)
@merchant_job
def cabinet_read(merchant_id: UUID, now: datetime, *, intake_id: str, by: dict[str, Any]) -> None:
    """Read one kept body of the cabinet."""
    take_cabinet.cabinet_read(
        merchant_id, now, intake_id=UUID(intake_id), by=take_cabinet.actor_from(by)
    )


@app.task(queue="polls", name="qaitar.flows.tasks.cabinets_poll")
@outside_job("qaitar.flows.tasks.cabinets_poll", queue="polls")
def cabinets_poll(merchant_id: UUID, now: datetime) -> None:
    """Read one merchant's cabinets directly, where that is switched on."""
    poll_cabinet.cabinets_poll(merchant_id, now)


@app.periodic(cron="* * * * *")
@app.task(queue="deadlines", name="qaitar.flows.tasks.deadlines_sweep", queueing_lock="deadlines")
def deadlines_sweep(timestamp: int) -> None:  # noqa: ARG001  the minute it was planned for; the guard goes by the clock
    """Let the deadline guard make its round."""
    with fresh_connection():
        sweep_deadlines.deadlines_sweep(utc_now())


@app.periodic(cron="* * * * *")
@app.task(queue="effects", name="qaitar.flows.tasks.effects_sweep", queueing_lock="effects sweep")
def effects_sweep(timestamp: int) -> None:  # noqa: ARG001  as above
    """Defer runs for effects that are due."""
    with fresh_connection():
        housekeeping.effects_call_up(utc_now())


@app.task(queue="polls", name="qaitar.flows.tasks.orders_poll")
@outside_job("qaitar.flows.tasks.orders_poll", queue="polls")
def orders_poll(merchant_id: UUID, now: datetime) -> None:
    """Read one merchant's orders from the marketplace."""
    poll_orders.orders_poll(merchant_id, now)


@app.task(queue="default", name=import_later.LATER_TASK, retry=3)
@merchant_job
def import_read(merchant_id: UUID, now: datetime, *, run_id: str) -> None:
    """Read one long export file."""
    import_later.import_read(merchant_id, now, run_id=UUID(run_id))


@app.task(queue="webhooks", name=housekeeping.WEBHOOKS_TASK)
@outside_job(housekeeping.WEBHOOKS_TASK, queue="webhooks")
def webhooks_run(merchant_id: UUID, now: datetime) -> None:
    """Send one merchant's events."""
    webhooks_send.webhooks_run(merchant_id, now)


@app.periodic(cron="* * * * *")
@app.task(
    queue="webhooks", name="qaitar.flows.tasks.webhooks_sweep", queueing_lock="webhooks sweep"
)
def webhooks_sweep(timestamp: int) -> None:  # noqa: ARG001  as above
    """Call up the sending of events."""
    with fresh_connection():
        housekeeping.webhooks_call_up()


@app.periodic(cron="*/5 * * * *")
@app.task(queue="polls", name="qaitar.flows.tasks.orders_sweep", queueing_lock="orders sweep")
def orders_sweep(timestamp: int) -> None:  # noqa: ARG001  as above
    """Call up the reading of orders."""
    with fresh_connection():
        housekeeping.polls_call_up("kaspi_shop", "qaitar.flows.tasks.orders_poll")


@app.periodic(cron="*/10 * * * *")
@app.task(queue="polls", name="qaitar.flows.tasks.cabinets_sweep", queueing_lock="cabinets sweep")
def cabinets_sweep(timestamp: int) -> None:  # noqa: ARG001  as above
    """Call up the direct reading of cabinets."""
    with fresh_connection():
        housekeeping.polls_call_up(poll_cabinet.SYSTEM, "qaitar.flows.tasks.cabinets_poll")


@app.periodic(cron="* * * * *")
@app.task(queue="chores", name="qaitar.flows.tasks.stage_counts_sum", queueing_lock="stage counts")
def stage_counts_sum(timestamp: int) -> None:  # noqa: ARG001  as above
    """Sum the counters of every merchant."""
    with fresh_connection():
        housekeeping.stage_counts_sum_all()


@app.periodic(cron="17 * * * *")
@app.task(queue="chores", name="qaitar.flows.tasks.idempotency_forget", queueing_lock="forget")
def idempotency_forget(timestamp: int) -> None:  # noqa: ARG001  as above
    """Remove stored answers nobody will ask for again."""
    with fresh_connection():
        housekeeping.idempotency_forget(utc_now())


@app.periodic(cron="47 3 * * *")
@app.task(queue="chores", name="qaitar.flows.tasks.security_forget", queueing_lock="security")
def security_forget(timestamp: int) -> None:  # noqa: ARG001  as above
    """Remove old events of the security journal."""
    with fresh_connection():
        housekeeping.security_forget(utc_now())


@app.periodic(cron="23 * * * *")
@app.task(queue="chores", name="qaitar.flows.tasks.journal_anchor", queueing_lock="journal anchor")
def journal_anchor(timestamp: int) -> None:  # noqa: ARG001  as above
    """Keep one anchor of the journal a day."""
    with fresh_connection():
        housekeeping.journal_anchor(utc_now())


@app.periodic(cron="* * * * *")
@app.task(
    queue="chores",
    name="qaitar.flows.tasks.stalled_jobs_retry",
    queueing_lock="stalled jobs",
    pass_context=True,
)
async def stalled_jobs_retry(context: JobContext, timestamp: int) -> None:  # noqa: ARG001  as above
    """Start again the jobs whose worker has died: without this they would stay "doing" for ever."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
        try:
            await manager.retry_job(job)
        except UniqueViolation:  # the next of its kind waits already and does the same work
            await manager.finish_job(job, status=Status.ABORTED, delete_job=False)


@app.periodic(cron="37 3 * * *")
@app.task(
    queue="chores",
    name="qaitar.flows.tasks.old_jobs_remove",
    queueing_lock="old jobs",
    pass_context=True,
)
async def old_jobs_remove(context: JobContext, timestamp: int) -> None:  # noqa: ARG001  as above
    """Remove jobs that ended more than a week ago, and what broken uploads left in the folder of files."""
    await asyncio.to_thread(FileStore().leftovers_remove)
    await context.app.job_manager.delete_old_jobs(
        nb_hours=RETENTION_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
