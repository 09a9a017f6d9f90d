"""What every job stands on: one merchant's walls, a clean database connection, and the clock read once, at the edge."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec
from uuid import UUID

import psycopg
import structlog
from django.db import close_old_connections, connection, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from qaitar.foundation.models import MerchantKey
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.ops.merchant_slots import SLOTS
from qaitar.foundation.tenancy.walls import see

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

_P = ParamSpec("_P")
_log = structlog.get_logger(__name__)


@contextmanager
def within_walls(*merchants: UUID) -> Iterator[None]:
    """Open one outermost transaction behind these merchants' walls; leaving it commits."""
    with transaction.atomic(durable=True):
        see(merchants)
        yield


def merchants_active() -> list[UUID]:
    """List the merchants sweeps have to visit; keys only, no walls needed."""
    return list(MerchantKey.objects.filter(active=True).order_by("pk").values_list("pk", flat=True))


def merchants_real() -> list[UUID]:
    """List the active merchants that are nobody's practice."""
    keys = MerchantKey.objects.filter(active=True, practice_of=None)
    return list(keys.order_by("pk").values_list("pk", flat=True))


def merchant_job(
    work: Callable[Concatenate[UUID, datetime, _P], None],
) -> Callable[..., None]:
    """Turn work on one merchant, `(merchant_id, now, …)`, into a job's body that takes the merchant as text.

    The body reads the clock, leaves out a merchant that is switched off, and hands no broken connection on.
    """

    @wraps(work)
    def body(merchant_id: str, *args: _P.args, **kwargs: _P.kwargs) -> None:
        with fresh_connection(), structlog.contextvars.bound_contextvars(merchant=merchant_id):
            key = UUID(merchant_id)
            if MerchantKey.objects.filter(pk=key, active=True).exists():
                work(key, utc_now(), *args, **kwargs)

    return body


PUT_OFF_S: Final = 2.0


def outside_job(
    task: str, *, queue: str
) -> Callable[[Callable[Concatenate[UUID, datetime, _P], None]], Callable[..., None]]:
    """Turn work on one merchant that waits for an outside system into a job's body (`merchant_job`).

    So that a slow system of one merchant keeps no other waiting, a merchant has few slots at a time; a job that finds
    them taken is put off for some seconds.  `task` and `queue` are the job's own.
    """

    def decorate(work: Callable[Concatenate[UUID, datetime, _P], None]) -> Callable[..., None]:
        run = merchant_job(work)

        @wraps(work)
        def body(merchant_id: str, **arguments: Any) -> None:
            with SLOTS.slot_held(merchant_id) as free:
                if free:
                    run(merchant_id, **arguments)
                    return
            key = " ".join(map(str, (task, merchant_id, *arguments.values())))
            with fresh_connection():
                job_defer(
                    task,
                    queue=queue,
                    only_one=f"put off {key}",
                    after_s=PUT_OFF_S,
                    merchant_id=merchant_id,
                    **arguments,
                )

        return body

    return decorate


@contextmanager
def fresh_connection() -> Iterator[None]:
    """Drop this thread's database connection before and after if it can no longer be used.

    A worker's threads live long; without this one restart of the database would spoil all their later jobs.
    """
    if not connection.in_atomic_block:
        close_old_connections()
    try:
        yield
    finally:
        if not connection.in_atomic_block:
            close_old_connections()


_GOING_AWAY: Final = frozenset({"57P01", "57P02", "57P03"})
_CONNECTION_CLASS: Final = "08"


def database_gone(error: Exception) -> bool:
    """Tell whether an error only says that the database went away: what was being done may simply be done again.

    A statement that took too long, a lock that did not come and data that does not fit are no such errors.
    """
    cause = error.__cause__
    if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    state = cause.sqlstate  # none where no server was there to give one
    return state is None or state in _GOING_AWAY or state.startswith(_CONNECTION_CLASS)


def for_each_merchant(name: str, work: Callable[[UUID], object]) -> int:
    """Do work for every active merchant, one after another; a failing merchant is logged and stops nobody else.

    Returns how many failed.
    """
    failed = 0
    for merchant_id in merchants_active():
        try:
            work(merchant_id)
        except Exception:  # noqa: BLE001  whatever one merchant's data does must not stop the others
            failed += 1
            _log.exception("sweep failed for one merchant", sweep=name, merchant=str(merchant_id))
    return failed


def job_defer(
    task: str,
    *,
    queue: str = "default",
    only_one: str = "",
    after_s: float = 0.0,
    **arguments: Any,
) -> bool:
    """Put a job row into the present transaction.  With `only_one`, at most one such job waits at a time.

    With `after_s` it starts so many seconds from now at the earliest.

    Returns whether a row was added; a waiting one of the same `only_one` will do the work.
    """
    job = app.configure_task(
        task,
        queue=queue,
        queueing_lock=only_one or None,
        schedule_at=utc_now() + timedelta(seconds=after_s) if after_s else None,
    )
    try:
        with transaction.atomic():  # the unique violation must not spoil the caller's transaction
            job.defer(**arguments)
    except AlreadyEnqueued:
        return False
    return True
