"""Looks at what an installation does: connections, worker, jobs, effects outside, control dates."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import connection, transaction

from qaitar.cli.doctor.findings import Finding, Level, ok, problem, warn
from qaitar.foundation.connections.systems import State, connection_test, health_message
from qaitar.foundation.models import Connection, EffectState, Merchant, PlannedEffect
from qaitar.foundation.ops.jobs import merchants_real
from qaitar.foundation.tenancy.walls import see
from qaitar.returns.models import ReturnRequest

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

ALIVE: Final = timedelta(seconds=45)  # workers say so every ten seconds
WAITED: Final = timedelta(minutes=5)
LOOKED: Final = timedelta(minutes=15)  # the guard sweeps every minute
_BAD: Final = {State.MISCONFIGURED, State.REFUSED}


def work_found(now: datetime, *, ask: bool) -> list[Finding]:
    """Look at everything; with `ask` outside systems are asked, else what they last said counts."""
    found = jobs_found(now)
    merchants = merchants_real()
    for merchant_id in merchants:
        found += merchant_found(merchant_id, now, ask=ask)
    if not merchants:
        found.append(
            warn(
                "merchants", "There is no merchant yet.", "Run `qaitar user create` or `qaitar up`."
            )
        )
    return found


def merchant_found(merchant_id: UUID, now: datetime, *, ask: bool) -> list[Finding]:
    """Look at one merchant behind its walls."""
    with transaction.atomic():
        see([merchant_id])
        name = Merchant.objects.get(pk=merchant_id).name
        rows = list(Connection.objects.filter(enabled=True).order_by("system"))
        found = [*_dates(name, now), *_effects(name)]
    return [*(_connection(name, row, now, ask=ask) for row in rows), *found]


def _connection(merchant: str, row: Connection, now: datetime, *, ask: bool) -> Finding:
    """Tell how a connection is; no transaction is open while it is asked."""
    state, detail = State(row.health), row.health_detail
    if ask:
        health = connection_test(merchant_id=row.merchant_id, connection_id=row.pk, now=now)
        state, detail = health_message(health)
    message = f"{merchant}: {row.name} is {state.value.lower()}. {detail}".strip()
    if state is State.HEALTHY:
        return ok("connections", message)
    level = Level.PROBLEM if state in _BAD else Level.WARN
    return Finding("connections", level, message, "Open the connection in the console and test it.")


def _dates(merchant: str, now: datetime) -> list[Finding]:
    """Find control dates gone by, and among them those the guard has not even looked at."""
    late = ReturnRequest.objects.filter(control_at__lt=now).exclude(stage="CLOSED")
    silent = late.filter(guard_next_at__lt=now - LOOKED)
    count, unseen = late.count(), silent.count()
    if unseen:
        numbers = ", ".join(silent.order_by("control_at").values_list("number", flat=True)[:5])
        message = (
            f"{merchant}: {unseen} control dates passed and the guard has not looked: {numbers}."
        )
        return [problem("control dates", message, "Start a worker: `qaitar worker`.")]
    if count:
        message = (
            f"{merchant}: {count} open requests are past their control date; people were told."
        )
        return [warn("control dates", message, "Open the queue and decide them.")]
    return [ok("control dates", f"{merchant}: no open request is past its control date.")]


def _effects(merchant: str) -> list[Finding]:
    stuck = PlannedEffect.objects.filter(
        state__in=[EffectState.REFUSED, EffectState.MISCONFIGURED, EffectState.UNKNOWN]
    ).count()
    if not stuck:
        return [ok("effects", f"{merchant}: nothing outside waits for a person.")]
    message = f"{merchant}: {stuck} things outside did not happen or are not sure."
    return [
        warn("effects", message, "Open the cases and repeat them, or note them as done by hand.")
    ]


def jobs_found(now: datetime) -> list[Finding]:
    """Look whether a worker lives, and at jobs that wait, stall or have failed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > %s),"
            " (SELECT count(*) FROM procrastinate_jobs j LEFT JOIN procrastinate_workers w"
            "   ON w.id = j.worker_id WHERE j.status = 'doing'"
            "   AND (w.id IS NULL OR w.last_heartbeat <= %s)),"
            " (SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'),"
            " (SELECT count(*) FROM procrastinate_jobs j WHERE j.status = 'todo'"
            "   AND COALESCE(j.scheduled_at, (SELECT min(e.at) FROM procrastinate_events e"
            "   WHERE e.job_id = j.id)) < %s)",
            [now - ALIVE, now - ALIVE, now - WAITED],
        )
        alive, stalled, failed, waiting = cursor.fetchone()
    return [_worker(alive, waiting), _stalled(stalled), _failed(failed)]


def _worker(alive: int, waiting: int) -> Finding:
    if alive:
        return ok(
            "worker", f"{alive} workers are alive, {waiting} jobs wait longer than they should."
        )
    if waiting:
        message = f"No worker is alive and {waiting} jobs wait."
        return problem(
            "worker", message, "Start one: `qaitar worker`, or `qaitar up` for everything."
        )
    return warn("worker", "No worker is alive.", "Start one: `qaitar worker`, or `qaitar up`.")


def _stalled(stalled: int) -> Finding:
    if stalled:
        message = f"{stalled} jobs were begun by a worker that is gone."
        return warn("jobs", message, "A running worker takes them up again within some minutes.")
    return ok("jobs", "No job hangs.")


def _failed(failed: int) -> Finding:
    if failed:
        return warn(
            "jobs", f"{failed} jobs have failed for good.", "Look into the log of the worker."
        )
    return ok("jobs", "No job has failed.")
