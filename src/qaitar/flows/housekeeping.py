"""Chores nobody sees: due effects called up, waiting ones let go on, counters summed, old rows removed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from qaitar.flows.effects.settlement import EffectUpdate, settle_all
from qaitar.foundation.connections.systems import State
from qaitar.foundation.identity.security_journal import NOWHERE, security_prune
from qaitar.foundation.identity.sessions import sessions_forget
from qaitar.foundation.identity.sign_in_limits import tries_forget
from qaitar.foundation.identity.ways_in import tokens_expire
from qaitar.foundation.journal.anchors import anchor_daily
from qaitar.foundation.models import (
    Connection,
    EffectState,
    IdempotencyRecord,
    MerchantKey,
    PlannedEffect,
    WebhookEndpoint,
)
from qaitar.foundation.ops.jobs import for_each_merchant, job_defer, merchants_active, within_walls
from qaitar.foundation.tenancy.walls import see
from qaitar.returns.services.case_change import RUN_TASK

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

_log = structlog.get_logger(__name__)
WEBHOOKS_TASK: Final = "qaitar.flows.tasks.webhooks_run"
RECHECK_TASK: Final = "qaitar.flows.tasks.connections_recheck"
RETENTION: Final = timedelta(days=7)
BATCH: Final = 500
DELTAS_MAX: Final = 50_000
_OPEN: Final = (EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN)

_SUM_DELTAS: Final = """
WITH taken AS (
    DELETE FROM returns_stagedelta WHERE id IN (
        SELECT id FROM returns_stagedelta WHERE merchant_id = %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
    ) RETURNING store_id, stage, delta
), summed AS (
    SELECT store_id, stage, sum(delta) AS delta FROM taken GROUP BY store_id, stage
), written AS (
    INSERT INTO returns_stagecount (id, merchant_id, store_id, stage, count)
    SELECT gen_random_uuid(), %s, store_id, stage, delta FROM summed ORDER BY store_id, stage
    ON CONFLICT (merchant_id, store_id, stage)
    DO UPDATE SET count = returns_stagecount.count + EXCLUDED.count
)
SELECT count(*) FROM taken
"""


def effects_call_up(now: datetime) -> int:
    """Defer a run for every merchant with a due effect; at most one of these waits a merchant.

    Acts defer their own runs; this finds what became due by time, and what a dead worker left.
    """
    due = PlannedEffect.objects.filter(state__in=_OPEN, next_at__lte=now)
    return _call_up(due, RUN_TASK, "effects")


def webhooks_call_up() -> int:
    """Defer a sending round for every merchant that wants our events."""
    wanted = WebhookEndpoint.objects.filter(enabled=True)
    return _call_up(wanted, WEBHOOKS_TASK, "webhooks")


def rechecks_call_up() -> int:
    """Defer a recheck for every merchant with something that stopped because of a setting."""
    stopped = PlannedEffect.objects.filter(state=EffectState.MISCONFIGURED)
    broken = Connection.objects.filter(enabled=True, health=State.MISCONFIGURED)
    return _call_up(stopped, RECHECK_TASK, "polls") + _call_up(broken, RECHECK_TASK, "polls")


def polls_call_up(system: str, task: str) -> int:
    """Defer a poll for every merchant with an enabled connection to a system."""
    return _call_up(Connection.objects.filter(system=system, enabled=True), task, "polls")


def _call_up(rows: QuerySet[Any], task: str, queue: str) -> int:
    """Defer `task` once for every active merchant among these rows; a waiting one is enough."""
    active = merchants_active()
    with transaction.atomic(durable=True):
        see(active)
        merchants = sorted(set(rows.values_list("merchant_id", flat=True).distinct()))
    for merchant_id in merchants:
        with transaction.atomic(durable=True):
            job_defer(
                task, queue=queue, only_one=f"{task} {merchant_id}", merchant_id=str(merchant_id)
            )
    return len(merchants)


def connection_effects_resume(merchant_id: UUID, now: datetime, *, connection_id: UUID) -> int:
    """Let the effects that waited for a mended connection be sent; none while it is still misconfigured."""
    resumed = 0
    while True:
        with within_walls(merchant_id):
            mended = Connection.objects.filter(pk=connection_id, enabled=True).exclude(
                health=State.MISCONFIGURED
            )
            if not mended.exists():
                return resumed
            waiting = PlannedEffect.objects.select_for_update(skip_locked=True).filter(
                merchant_id=merchant_id,
                state=EffectState.MISCONFIGURED,
                payload__connection=str(connection_id),
            )
            effects = list(waiting.order_by("pk")[:BATCH])
            verdict = EffectUpdate(
                EffectState.PLANNED, "The connection was mended.", payload={"stopped_by": None}
            )
            settle_all([(effect, verdict) for effect in effects], now)
            resumed += len(effects)
            if len(effects) < BATCH:
                if resumed:
                    job_defer(RUN_TASK, queue="effects", merchant_id=str(merchant_id))
                return resumed


def stage_counts_sum(merchant_id: UUID) -> int:
    """Sum a merchant's counter changes into its counters, in one statement; safe beside itself.  Returns how many."""
    with within_walls(merchant_id), connection.cursor() as cursor:
        cursor.execute(_SUM_DELTAS, [merchant_id, DELTAS_MAX, merchant_id])
        (summed,) = cursor.fetchone()
    return int(summed)


def stage_counts_sum_all() -> int:
    """Do so for every merchant; returns how many merchants failed."""
    return for_each_merchant("stage counts", stage_counts_sum)


def security_forget(now: datetime) -> int:
    """Remove old events of the security journal, counts of tries and ended sessions; note tokens that ran out.

    Returns how many merchants failed.
    """
    tries_forget(now)
    sessions_forget(now)
    tokens_expire(now)
    security_prune(NOWHERE, now)
    keys = MerchantKey.objects.values_list("pk", "security_days")  # also of merchants switched off
    days = dict(keys)
    failed = 0
    for merchant_id in sorted(days):
        try:
            security_prune(merchant_id, now, days[merchant_id])
        except DatabaseError:
            _log.exception("security journal not pruned", merchant=str(merchant_id))
            failed += 1
    return failed


def idempotency_forget(now: datetime) -> int:
    """Remove stored answers older than a week; returns how many."""
    return IdempotencyRecord.objects.filter(created_at__lt=now - RETENTION).delete()[0]


def journal_anchor(now: datetime) -> None:
    """Keep the day's anchor of the journal in the data folder."""
    anchor_daily(settings.DATA_DIR, now)
