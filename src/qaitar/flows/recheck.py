"""What stopped because of a setting goes on by itself once the setting is mended, wherever that was done.

A right given in 1C, a protection removed from a sheet or a token renewed at the helpdesk is nothing this program
hears of.  So connections that are misconfigured are asked again from time to time, and effects that stopped on a
connection that works are tried again: a few of each kind, all of a register, since its rows are one call.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.db import connection as database

from qaitar.flows.effects.settlement import SETTLED_AT_ONCE, EffectUpdate, settle_all
from qaitar.foundation.connections.systems import State, connection_test
from qaitar.foundation.models import Connection, EffectState, PlannedEffect
from qaitar.foundation.ops.jobs import job_defer, within_walls
from qaitar.returns.services.case_change import RUN_TASK
from qaitar.returns.vocabulary import Effect

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

EVERY: Final = timedelta(minutes=10)
TRIED_AT_ONCE: Final = 10
"""Effects of one kind and connection tried in one round, each of them a call."""
TRIED_ROWS: Final = 2_000
"""Rows of a register tried in one round: all of them are one call."""
_log = structlog.get_logger(__name__)


def connections_recheck(merchant_id: UUID, now: datetime) -> int:
    """Ask misconfigured connections again and try again what waits on working ones; returns how many effects are tried.

    The journal hears only of what comes of it: as long as the same reason stands, nothing is written.
    """
    assert not database.in_atomic_block, "no network inside a transaction"
    with within_walls(merchant_id):
        rows = Connection.objects.filter(enabled=True, health=State.MISCONFIGURED)
        stopped = list(rows.filter(health_at__lte=now - EVERY).values_list("pk", flat=True))
    for connection_id in stopped:
        try:
            connection_test(
                merchant_id=merchant_id, connection_id=connection_id, now=now, resume=False
            )
        except Exception:  # noqa: BLE001  one connection's trouble must not keep the others waiting
            _log.exception("a connection could not be checked", connection=str(connection_id))
    tried = _retry(merchant_id, now)
    if tried:
        with within_walls(merchant_id):
            job_defer(RUN_TASK, queue="effects", merchant_id=str(merchant_id))
    return tried


def _retry(merchant_id: UUID, now: datetime) -> int:
    with within_walls(merchant_id):
        working = Connection.objects.filter(enabled=True).exclude(health=State.MISCONFIGURED)
        ids = [str(pk) for pk in working.values_list("pk", flat=True)]
        waiting = PlannedEffect.objects.filter(
            merchant_id=merchant_id,
            state=EffectState.MISCONFIGURED,
            payload__connection__in=ids,
            settled_at__lte=now - EVERY,
        )
        groups = sorted(waiting.order_by().values_list("payload__connection", "kind").distinct())
    return sum(_retry_some(merchant_id, group, now) for group in groups)


def _retry_some(merchant_id: UUID, group: tuple[Any, str], now: datetime) -> int:
    connection_id, kind = group
    most = TRIED_ROWS if kind == Effect.WRITE_REGISTER else TRIED_AT_ONCE
    with within_walls(merchant_id):
        waiting = PlannedEffect.objects.filter(
            merchant_id=merchant_id,
            state=EffectState.MISCONFIGURED,
            payload__connection=connection_id,
            kind=kind,
            settled_at__lte=now - EVERY,
        )
        chosen = list(waiting.order_by("settled_at", "pk").values_list("pk", flat=True)[:most])
    parts = range(0, len(chosen), SETTLED_AT_ONCE)
    return sum(_resume_quietly(merchant_id, chosen[at : at + SETTLED_AT_ONCE], now) for at in parts)


def _resume_quietly(merchant_id: UUID, chosen: Sequence[UUID], now: datetime) -> int:
    with within_walls(merchant_id):
        held = PlannedEffect.objects.select_for_update(skip_locked=True).filter(
            pk__in=chosen, state=EffectState.MISCONFIGURED
        )
        effects = list(held.order_by("pk"))
        again = [
            (
                effect,
                EffectUpdate(
                    EffectState.PLANNED,
                    effect.detail,
                    payload={"stopped_by": effect.detail},
                    journalled=False,
                ),
            )
            for effect in effects
        ]
        return len(settle_all(again, now))
